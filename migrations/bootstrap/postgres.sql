-- Prepares a PostgreSQL database for Whot: for every context a schema, a role that owns it and runs its migrations, and
-- a role that serves with data rights in that schema and no others. Run it once, connected to the database itself, as a
-- superuser or as a role that may create roles and owns the database:
--
--   psql "postgres://postgres@host/whot" -v ON_ERROR_STOP=1 \
--        -v contexts="identity customer game" -f migrations/bootstrap/postgres.sql
--
-- It is safe to run again, for example when a context is added. It sets no passwords, so nobody can sign in yet:
--
--   ALTER ROLE identity_app PASSWORD '...';      the serving role, WHOT__DATABASE__IDENTITY__URL
--   ALTER ROLE identity_owner PASSWORD '...';    the migrating role, WHOT__DATABASE__IDENTITY__OWNER_URL
--
-- Afterwards `whot migrate` (or the first start) creates the tables as `<context>_owner` and grants `<context>_app` USAGE
-- on the schema, SELECT, INSERT, UPDATE and DELETE on its tables (by default privileges also on later ones), but neither
-- the list of migrations nor the written part of the audit log. Migrate as the owner role, never as a superuser: a
-- superuser could create a reference from one schema into another, these roles cannot.

\if :{?contexts}
\else
  \set contexts 'identity customer game'
\endif

BEGIN;

-- Nobody gets anything for free.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec

SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION', context || kind)
  FROM regexp_split_to_table(:'contexts', '\s+') AS context, (VALUES ('_owner'), ('_app')) AS kinds (kind)
 WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = context || kind) \gexec

SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), context || kind)
  FROM regexp_split_to_table(:'contexts', '\s+') AS context, (VALUES ('_owner'), ('_app')) AS kinds (kind) \gexec

-- A role that is not a superuser must be a member of the owner to give it a schema.
SELECT format('GRANT %I TO CURRENT_USER', context || '_owner')
  FROM regexp_split_to_table(:'contexts', '\s+') AS context
 WHERE NOT pg_has_role(current_user, (context || '_owner')::regrole, 'MEMBER') \gexec

SELECT format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', context, context || '_owner')
  FROM regexp_split_to_table(:'contexts', '\s+') AS context \gexec

SELECT format('GRANT USAGE ON SCHEMA %I TO %I', context, context || '_app')
  FROM regexp_split_to_table(:'contexts', '\s+') AS context \gexec

-- The whole search path, even for somebody who signs in by hand.
SELECT format('ALTER ROLE %I SET search_path = %I', context || kind, context)
  FROM regexp_split_to_table(:'contexts', '\s+') AS context, (VALUES ('_owner'), ('_app')) AS kinds (kind) \gexec

COMMIT;
