SET ROLE throughline_owner;

-- Whoever looks at the queue sees a case come, change hands and go at once. Only cases are told:
-- NOTIFY takes a lock of the whole database at COMMIT, and the orders that go through by themselves
-- must not queue for it.
CREATE FUNCTION tell_exception_case() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM pg_notify('exception_case', json_build_object('id', NEW.id::text, 'type', NEW.type, 'state', NEW.state,
    'entityId', NEW.entity_id, 'channelId', NEW.channel_id, 'siteId', NEW.site_id)::text);
  RETURN NULL;
END $$;
CREATE TRIGGER told AFTER INSERT OR UPDATE ON exception_case FOR EACH ROW EXECUTE FUNCTION tell_exception_case();

RESET ROLE;
