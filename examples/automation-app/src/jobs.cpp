#include "jobs.hpp"

#include "http_get.hpp"
#include "text.hpp"

namespace automation {

namespace {

constexpr const char* kList =
    "SELECT j.id, j.name, j.every_seconds, j.action, j.target,"
    "  to_char(j.next_run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    "  to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), r.took_ms, r.ok, r.outcome"
    " FROM jobs j LEFT JOIN LATERAL (SELECT * FROM runs WHERE job_id = j.id ORDER BY id DESC LIMIT $1::int) r ON true"
    " ORDER BY j.name, j.id, r.id DESC";

constexpr const char* kAdd =
    "INSERT INTO jobs (name, every_seconds, action, target)"
    " SELECT $1, $2::int, $3, $4 WHERE (SELECT count(*) FROM jobs) < $5::int"
    " ON CONFLICT (name) DO NOTHING RETURNING id";

constexpr const char* kClaim =
    "UPDATE jobs SET next_run_at = now() + every_seconds * interval '1 second'"
    " WHERE id = (SELECT id FROM jobs WHERE next_run_at <= now() ORDER BY next_run_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING id, name, every_seconds, action, target";

constexpr const char* kWait =
    "SELECT greatest(0, least($1::bigint, coalesce(extract(epoch FROM min(next_run_at) - now()) * 1000, $1::bigint)))"
    "::bigint FROM jobs";

constexpr const char* kRecord =
    "INSERT INTO runs (job_id, took_ms, ok, outcome)"
    " SELECT id, $2::int, $3::boolean, $4 FROM jobs WHERE id = $1::bigint";

constexpr const char* kTrim =
    "DELETE FROM runs WHERE job_id = $1::bigint AND id <= (SELECT id FROM runs WHERE job_id = $1::bigint"
    " ORDER BY id DESC OFFSET $2::int LIMIT 1)";

Job job_from(const Rows& rows, int row) {
  Job job;
  job.id = rows.number(row, 0);
  job.name = rows.text(row, 1);
  job.every_seconds = static_cast<int>(rows.number(row, 2));
  job.action = rows.text(row, 3);
  job.target = rows.text(row, 4);
  return job;
}

}  // namespace

std::optional<std::string> problem_with(const NewJob& job) {
  const int name_length = utf8_length(job.name);
  if (name_length < 1 || name_length > 80) return "The name must have 1 to 80 characters.";
  if (job.every_seconds < kMinEverySeconds || job.every_seconds > kMaxEverySeconds) {
    return "The interval must be 1 to " + std::to_string(kMaxEverySeconds) + " seconds.";
  }
  const int target_length = utf8_length(job.target);
  if (target_length < 1 || target_length > 500) return "The note or URL must have 1 to 500 characters.";
  if (job.action == "http-get") return problem_with_url(job.target);
  if (job.action != "note") return "The action must be note or http-get.";
  return std::nullopt;
}

std::vector<Job> Jobs::list(int runs) {
  const Rows rows = database_.run(kList, {std::to_string(runs)});
  std::vector<Job> jobs;
  for (int i = 0; i < rows.size(); ++i) {
    if (jobs.empty() || jobs.back().id != rows.number(i, 0)) {
      jobs.push_back(job_from(rows, i));
      jobs.back().next_run_at = rows.text(i, 5);
    }
    if (rows.null(i, 6)) continue;
    jobs.back().runs.push_back({rows.text(i, 6), rows.number(i, 7), rows.text(i, 8) == "t", rows.text(i, 9)});
  }
  return jobs;
}

std::variant<long long, std::string> Jobs::add(const NewJob& job) {
  const Rows rows = database_.run(
      kAdd, {job.name, std::to_string(job.every_seconds), job.action, job.target, std::to_string(kMaxJobs)});
  if (rows.size() == 1) return rows.number(0, 0);
  if (database_.run("SELECT 1 FROM jobs WHERE name = $1", {job.name}).size() > 0) {
    return "There is already a job named '" + job.name + "'.";
  }
  return "There are " + std::to_string(kMaxJobs) + " jobs already, and that is the limit. Delete one first.";
}

bool Jobs::remove(long long id) {
  return database_.run("DELETE FROM jobs WHERE id = $1::bigint", {std::to_string(id)}).affected() > 0;
}

bool Jobs::run_soon(long long id) {
  const char* sql = "UPDATE jobs SET next_run_at = now() WHERE id = $1::bigint";
  return database_.run(sql, {std::to_string(id)}).affected() > 0;
}

std::optional<Job> Jobs::claim_due() {
  const Rows rows = database_.run(kClaim);
  if (rows.size() == 0) return std::nullopt;
  return job_from(rows, 0);
}

long long Jobs::milliseconds_until_due(long long limit_ms) {
  return database_.run(kWait, {std::to_string(limit_ms)}).number(0, 0);
}

void Jobs::record(long long id, const Run& run) {
  const std::string job = std::to_string(id);
  database_.run(kRecord, {job, std::to_string(run.took_ms), run.ok ? "t" : "f", run.outcome});
  database_.run(kTrim, {job, std::to_string(kRunsKeptPerJob)});
}

}  // namespace automation
