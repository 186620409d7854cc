// The backlog and what other staffing makes of it, in #forecast-backlog.
