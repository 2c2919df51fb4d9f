/** What is to be announced is asked for every two seconds by a dashboard; alarms that are over and told stay in the table for good. */
export const alarmsToAnnounce = `
CREATE INDEX mo_alarm_to_announce ON {schema}.mo_alarm (line) WHERE cleared_at IS NULL OR cleared_sent_at IS NULL`;
