-- A year of a rollup in which nothing was counted for an hour becomes one part: then FINAL has nothing to merge in it.
-- Over ten years of days that was most of what a question cost (docs/adr/0021-days-value-by-value.md).
ALTER TABLE turnaround_daily MODIFY SETTING min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1;

ALTER TABLE turnaround_hourly MODIFY SETTING min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1;
