//! The cast of the main job: staff, a distributor, customers, each brought in through the documented routes.

use serde_json::{Value, json};

use super::http::{Api, ClientError};
use super::socket::Socket;

/// A signed-in person.
#[derive(Clone)]
pub struct Person {
    /// The API as this person.
    pub api: Api,
    /// The account.
    pub account: String,
    /// The session.
    pub session: String,
    /// The public name.
    pub username: String,
    /// The password it signs in with.
    pub password: String,
    /// The present refresh token.
    pub refresh_token: String,
    /// How long the access token was good for when it was issued, in seconds.
    pub expires_in_s: u64,
}

impl Person {
    /// Reads a session out of an answer that issued one.
    pub fn of_session(
        api: &Api,
        username: &str,
        password: &str,
        session: &Value,
    ) -> Result<Self, ClientError> {
        let text = |name: &'static str| {
            session.get(name).and_then(Value::as_str).map(str::to_owned).ok_or(ClientError::Incomplete(name))
        };
        let api = api.with_token(text("access_token")?);
        Ok(Self {
            api,
            account: text("account_id")?,
            session: text("session_id")?,
            username: username.to_owned(),
            password: password.to_owned(),
            refresh_token: text("refresh_token")?,
            expires_in_s: session.get("expires_in").and_then(Value::as_u64).unwrap_or(0),
        })
    }

    /// Signs in with user name and password.
    pub async fn sign_in(api: &Api, username: &str, password: &str) -> Result<Self, ClientError> {
        let body = json!({"login": username, "password": password});
        let answer = api.anonymous().post("/api/v1/auth/login", body).await?;
        Self::of_session(api, username, password, &answer.body)
    }

    /// Spends an enrolment or activation token.
    pub async fn activate(
        api: &Api,
        token: &str,
        username: &str,
        password: &str,
    ) -> Result<Self, ClientError> {
        let body = json!({"token": token, "password": password});
        let answer = api.anonymous().post("/api/v1/auth/activate", body).await?;
        Self::of_session(api, username, password, &answer.body)
    }

    /// Gets a fresh pair of tokens for the same session.
    pub async fn refresh(&mut self) -> Result<(), ClientError> {
        let body = json!({"refresh_token": self.refresh_token});
        let answer = self.api.anonymous().post("/api/v1/auth/refresh", body).await?;
        *self = Self::of_session(&self.api, &self.username, &self.password, &answer.body)?;
        Ok(())
    }

    /// Opens the one socket for all topics.
    pub async fn live(&self, topics: Value) -> Result<Socket, ClientError> {
        self.live_on("cli", topics).await
    }

    /// The same from a device of this name; a newer socket of the same device replaces the older one.
    pub async fn live_on(&self, device: &str, topics: Value) -> Result<Socket, ClientError> {
        Socket::open(&self.api, "/api/v1/live", device, topics).await
    }

    /// Invites somebody to a game and gives the invite.
    pub async fn invite_to_game(&self, username: &str) -> Result<Value, ClientError> {
        self.invite_to_match(username, "single").await
    }

    /// Invites somebody to a match such as `best_of(3)` by the default rules.
    pub async fn invite_to_match(&self, username: &str, rule: &str) -> Result<Value, ClientError> {
        let body = json!({"username": username, "rule_set": "naija_classic", "match": rule});
        Ok(self.api.post("/api/v1/games/invites", body).await?.body)
    }

    /// Accepts a game invite and gives the game's id.
    pub async fn accept_game(&self, invite: &str) -> Result<String, ClientError> {
        let answer = self.api.post(&format!("/api/v1/games/invites/{invite}/accept"), json!({})).await?;
        answer.text_at("/game_id")
    }
}

/// A staffed house with one active distributor: where the main job begins.
#[derive(Clone)]
pub struct House {
    /// A caller who is not signed in.
    pub api: Api,
    /// Runs the system.
    pub admin: Person,
    /// The second pair of eyes.
    pub approver: Person,
    /// Invites customers.
    pub distributor: Person,
}

impl House {
    /// From the first admin's enrolment token to an active distributor, over the public API alone.
    pub async fn open(
        api: &Api,
        enrolment: &str,
        passwords: impl Fn(&str) -> String,
    ) -> Result<Self, ClientError> {
        let admin = Person::activate(api, enrolment, "admin", &passwords("admin")).await?;
        let approver = Self::hire_approver(&admin, "approver", &passwords("approver")).await?;
        let distributor =
            Self::provision(&admin, &approver, "distributor", &passwords("distributor")).await?;
        Ok(Self { api: api.anonymous(), admin, approver, distributor })
    }

    /// Creates a staff account, grants it the first `approver` role and enrols it.
    pub async fn hire_approver(
        admin: &Person,
        username: &str,
        password: &str,
    ) -> Result<Person, ClientError> {
        let made = admin.api.post("/api/v1/admin/staff", json!({"username": username})).await?;
        let account = made.text_at("/account_id")?;
        admin.api.put(&format!("/api/v1/admin/staff/{account}/roles/approver"), json!({})).await?;
        Person::activate(&admin.api, &made.text_at("/enrolment_token")?, username, password).await
    }

    /// Requests, approves and activates a distributor.
    pub async fn provision(
        admin: &Person,
        approver: &Person,
        username: &str,
        password: &str,
    ) -> Result<Person, ClientError> {
        let requested = admin.api.post("/api/v1/admin/distributors", json!({"username": username})).await?;
        let approve = format!("/api/v1/admin/distributors/{}/approve", requested.text_at("/id")?);
        let token = approver.api.post(&approve, json!({})).await?.text_at("/activation_token")?;
        Person::activate(&admin.api, &token, username, password).await
    }

    /// Invites somebody new, who redeems the invite and registers.
    pub async fn new_customer(&self, username: &str, password: &str) -> Result<Person, ClientError> {
        let code = self.new_invite_code().await?;
        let ticket = self.redeem(&code).await?;
        let body = json!({"ticket": ticket, "username": username, "password": password});
        let answer = self.api.post("/api/v1/auth/register", body).await?;
        Person::of_session(&self.api, username, password, &answer.body)
    }

    /// A fresh invite's code.
    pub async fn new_invite_code(&self) -> Result<String, ClientError> {
        self.distributor.api.post("/api/v1/invites", json!({})).await?.text_at("/code")
    }

    /// Reserves an invite and gives the redemption ticket.
    pub async fn redeem(&self, code: &str) -> Result<String, ClientError> {
        self.api.post("/api/v1/invites/redeem", json!({"token": code})).await?.text_at("/ticket")
    }
}
