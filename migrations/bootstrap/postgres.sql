-- The roles and schemas of one PostgreSQL database, so that no context can see another's rows: a role that owns each
-- schema and runs its migrations, and one that serves it and may only read and write data. A superuser runs it once
-- per database; running it again changes nothing:
--
--   psql --set ON_ERROR_STOP=1 --file migrations/bootstrap/postgres.sql "$SUPERUSER_URL"
--
-- Then give each role a password (\password identity_owner, ...) and each context its two URLs:
--
--   WHOT__DATABASE__IDENTITY__OWNER_URL=postgres://identity_owner:...@host/whot
--   WHOT__DATABASE__IDENTITY__URL=postgres://identity_app:...@host/whot
--
-- Migrating, as the owner, grants each serving role USAGE on its schema and SELECT, INSERT, UPDATE and DELETE on its
-- tables (by default privileges also on later ones), but neither the list of migrations nor the written part of the
-- audit log. Never migrate as a superuser: a superuser could make one schema refer to another, these roles cannot.
-- Add a new context to the array below. The tests' server is made with this same script.
DO $$
DECLARE
    context text;
    member text;
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    FOREACH context IN ARRAY ARRAY['identity', 'customer', 'game'] LOOP
        FOREACH member IN ARRAY ARRAY[context || '_owner', context || '_app'] LOOP
            BEGIN
                EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT', member);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- roles are the server's, not the database's: another database's run made it
            END;
            EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), member);
            EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path TO %I', member, current_database(), context);
        END LOOP;
        EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', context, context || '_owner');
    END LOOP;
END
$$;
