//! `whot play`: a person plays a match on the command line, over the public API of a running server.

mod desk;
mod ending;
mod game;
mod invites;
mod lesson;
mod link;
mod lobby;
mod picture;
mod queue;
mod ratings;
mod session;
mod sight;
mod terminal;
mod tidings;
mod typed;
mod warnings;
mod wire;
mod words;

use clap::Args;

use super::plain::plain;
use super::{CliError, Global};
use crate::client::{Api, ClientError};
use desk::Desk;
use ending::Next;
use game::Left;
use invites::Wish;
use link::Link;
use session::Session;
use terminal::{Interrupt, Terminal};

/// Where a server is that was started as the README says.
const SERVER: &str = "http://127.0.0.1:8080";

const EXAMPLES: &str = "Examples:\n  \
    whot play --username ada                              what is open, and from there\n  \
    whot play --username ada --invite ben --match 'best_of(3)'\n  \
    whot play --username ben --accept ada\n  \
    whot play --username ada --queue --rules quick        against whoever wants the same\n  \
    whot play --username ada --practice hard --rules street_strict\n  \
    whot play --username ada --game gam_01m7x47gjefrcrtg38yfq36me7\n\n\
    Between games, queue finds a stranger, ratings and board show how you and your network stand; ? shows the rest.\n\
    At the table, a number plays that card of your hand, d draws, ? shows everything else.\n\
    Through a pipe, each line is read when there is something to do, so a script can play; at its end you leave.\n\
    Tokens are kept in memory alone, and the session ends with the program. NO_COLOR turns colours off.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Where the server is
    #[arg(long, env = "WHOT_SERVER", value_name = "URL", default_value = SERVER)]
    server: String,
    /// Who you are; asked for if not given
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Takes the password from the first line of standard input instead of asking
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    first: First,
    #[command(flatten)]
    how: How,
}

/// What to do at once; without it you see what is open.
#[derive(Args)]
#[command(next_help_heading = "What to do at once")]
#[group(multiple = false)]
struct First {
    /// Invites somebody and waits for the answer
    #[arg(long, value_name = "NAME")]
    invite: Option<String>,
    /// Accepts somebody's invite, and waits for it if there is none yet
    #[arg(long, value_name = "NAME")]
    accept: Option<String>,
    /// Waits in the open queue for a stranger of near strength; an empty line leaves it
    #[arg(long)]
    queue: bool,
    /// Plays against a program: random, easy, medium, hard or expert
    #[arg(long, value_name = "LEVEL")]
    practice: Option<String>,
    /// Goes on with a running game
    #[arg(long, value_name = "ID")]
    game: Option<String>,
}

/// What to play, with --invite, --queue and --practice.
#[derive(Args)]
#[command(next_help_heading = "What to play, with --invite, --queue and --practice")]
struct How {
    #[arg(
        long,
        value_name = "PRESET",
        help = "A rule set by name: naija_classic, pagat, street_strict, quick or uk53"
    )]
    rules: Option<String>,
    #[arg(
        long = "match",
        value_name = "MATCH",
        help = "How many rounds: single, best_of(3), best_of(5), first_to_lose(100)"
    )]
    match_rule: Option<String>,
    /// Changes one rule, for example --toggle deal=4; repeat it for more
    #[arg(long = "toggle", value_name = "RULE=VALUE", value_parser = super::pair)]
    toggles: Vec<(String, String)>,
}

impl Arguments {
    /// What is to be played is said where something is to be played, and exists.
    fn check_how(&self) -> Result<(), CliError> {
        let First { invite, queue, practice, .. } = &self.first;
        let How { rules, match_rule, toggles } = &self.how;
        let how = rules.is_some() || match_rule.is_some() || !toggles.is_empty();
        if how && !queue && invite.is_none() && practice.is_none() {
            return Err(CliError::Failed(
                "--rules, --match and --toggle go with --invite, --queue or --practice".to_owned(),
            ));
        }
        if let Some(level) = practice.as_deref().filter(|level| !invites::LEVELS.contains(level)) {
            let levels = invites::LEVELS.join(", ");
            return Err(CliError::Failed(format!("no strength is called {}: {levels}", plain(level))));
        }
        self.how.wish().check().map_err(CliError::Failed)
    }
}

impl How {
    fn wish(&self) -> Wish {
        Wish { rules: self.rules.clone(), match_rule: self.match_rule.clone(), toggles: self.toggles.clone() }
    }
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    if global.json {
        return Err(CliError::Failed("play speaks to people; programs play over the API itself".to_owned()));
    }
    if !arguments.server.starts_with("http://") && !arguments.server.starts_with("https://") {
        return Err(CliError::Failed("--server takes an address such as https://whot.example".to_owned()));
    }
    arguments.check_how()?;
    let mut terminal = Terminal::open();
    let Some(session) = sign_in(&mut terminal, &arguments).await? else { return Ok(()) };
    let linked = Link::open(&session).await.map_err(CliError::from);
    let (link, interrupt) = match linked.and_then(|link| Ok((link, Interrupt::open()?))) {
        Ok(both) => both,
        Err(error) => {
            session.close().await;
            return Err(error);
        }
    };
    let command = again(&arguments.server, &session);
    let mut desk = Desk::new(terminal, interrupt, session, link, command);
    let played = sit(&mut desk, &arguments).await;
    let Desk { session, link, .. } = desk;
    drop(link);
    session.close().await;
    played
}

/// How this is started again for the same person.
fn again(server: &str, session: &Session) -> String {
    let server = if server == SERVER { String::new() } else { format!(" --server {}", plain(server)) };
    format!("whot play{server} --username {}", plain(&session.username))
}

/// Signs in; nothing if the person gave up before that.
async fn sign_in(terminal: &mut Terminal, arguments: &Arguments) -> Result<Option<Session>, CliError> {
    let api = Api::new(arguments.server.trim_end_matches('/'))?;
    if !is_protected(&arguments.server) {
        terminal.say(
            "Careful: over http:// your password travels unprotected. Use https:// beyond this machine.",
        );
    }
    let username = match &arguments.username {
        Some(username) => username.clone(),
        None => match terminal.ask("user name").await {
            Some(username) => username.trim().to_owned(),
            None => return Ok(None),
        },
    };
    let password = if arguments.password_stdin {
        let line = terminal.line().await;
        Some(line.ok_or_else(|| CliError::Failed("standard input has no password".to_owned()))?)
    } else if terminal.typed {
        terminal.ask_secret(&format!("password of {}", plain(&username))).await?
    } else {
        return Err(CliError::Failed(
            "without a terminal to ask at, give the password as the first line with --password-stdin"
                .to_owned(),
        ));
    };
    let Some(password) = password else { return Ok(None) };
    match Session::open(&api, &username, &password).await {
        Ok(session) => {
            terminal.say(format_args!("Signed in as {} at {}.", plain(&username), api.base()));
            Ok(Some(session))
        }
        Err(ClientError::Refused { code, .. }) if not_let_in(&code).is_some() => {
            Err(CliError::Failed(not_let_in(&code).unwrap_or_default().to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Why somebody is not let in, in words.
fn not_let_in(code: &str) -> Option<&'static str> {
    Some(match code {
        "bad_credentials" => "the name or the password is wrong",
        "account_suspended" => "this account is suspended: ask whoever invited you",
        "rate_limited" => "too many sign-ins: wait a minute and try again",
        _ => return None,
    })
}

/// Whether nobody on the way can listen: by TLS, or because there is no way.
fn is_protected(server: &str) -> bool {
    let host = server.strip_prefix("http://").map(|rest| rest.split(['/', '?']).next().unwrap_or(rest));
    host.is_none_or(|host| {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        matches!(name, "127.0.0.1" | "localhost" | "[::1]")
    })
}

/// From one game to the next until the person leaves.
async fn sit(desk: &mut Desk, arguments: &Arguments) -> Result<(), CliError> {
    let begun = first(desk, arguments).await;
    let mut next = invites::passing(desk, begun)?.flatten().unwrap_or(Next::Lobby);
    loop {
        next = match next {
            Next::Quit => return Ok(()),
            Next::Lobby => lobby::wait(desk).await?,
            Next::Game(game) => match game::play(desk, &game).await? {
                Left::Over => ending::after(desk, &game).await?,
                Left::Early => Next::Quit,
                Left::Lobby => Next::Lobby,
                // A script that came for this game alone has nothing else to do.
                Left::Shut(why) if !desk.terminal.typed && arguments.first.game.as_ref() == Some(&game) => {
                    return Err(CliError::Failed(why));
                }
                Left::Shut(why) => {
                    desk.terminal.say(format_args!("  {why}"));
                    Next::Lobby
                }
            },
        };
    }
}

/// What was asked for at once; nothing if it came to nothing.
async fn first(desk: &mut Desk, arguments: &Arguments) -> Result<Option<Next>, CliError> {
    let wish = arguments.how.wish();
    let First { invite, accept, queue, practice, game } = &arguments.first;
    if let Some(game) = game {
        Ok(Some(Next::Game(game.clone())))
    } else if let Some(name) = invite {
        let made = invites::invite(desk, name, &wish).await;
        let Some(invite) = invites::told(desk, made)? else { return nothing(desk) };
        Ok(invites::await_answer(desk, &invite).await?.next())
    } else if let Some(name) = accept {
        lobby::accept(desk, name).await
    } else if *queue {
        lobby::queue(desk, &wish).await
    } else if let Some(level) = practice {
        let begun = lobby::practice(desk, level, &wish).await?;
        if begun.is_none() { nothing(desk) } else { Ok(begun) }
    } else {
        Ok(None)
    }
}

/// What was asked for is refused, and why was said. Somebody who types goes on from there; a script has failed.
fn nothing(desk: &Desk) -> Result<Option<Next>, CliError> {
    if desk.terminal.typed { Ok(None) } else { Err(CliError::Failed("no game came of it".to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::is_protected;

    #[test]
    fn a_password_is_safe_by_tls_and_on_this_machine() {
        for (server, safe) in [
            ("https://whot.example", true),
            ("http://127.0.0.1:8080", true),
            ("http://localhost", true),
            ("http://[::1]:8080/", true),
            ("http://whot.example:8080", false),
            ("http://127.0.0.1.example", false),
        ] {
            assert_eq!(is_protected(server), safe, "{server}");
        }
    }
}
