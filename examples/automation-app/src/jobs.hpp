#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "database.hpp"

namespace automation {

inline constexpr int kMaxJobs = 100;
inline constexpr int kRunsKeptPerJob = 50;
inline constexpr int kMinEverySeconds = 1;
inline constexpr int kMaxEverySeconds = 30 * 24 * 3600;

// What a person asked for: "every 60 s, GET http://…" or "every day, write down this note".
struct NewJob {
  std::string name;
  int every_seconds = 0;
  std::string action;  // "note" or "http-get"
  std::string target;  // the note's text, or the URL
};

// Why a job cannot be accepted, in words for the person who typed it; nothing when it can.
std::optional<std::string> problem_with(const NewJob& job);

struct Run {
  std::string at;  // RFC 3339, UTC
  long long took_ms = 0;
  bool ok = false;
  std::string outcome;
};

struct Job : NewJob {
  long long id = 0;
  std::string next_run_at;
  std::vector<Run> runs;  // newest first
};

// The tenant's jobs and what came of them, kept in Postgres.
class Jobs {
 public:
  explicit Jobs(Database& database) : database_(database) {}

  // All jobs by name, each with its newest `runs` runs.
  std::vector<Job> list(int runs);
  // The new job's id, or why it was refused (a name taken, too many jobs).
  std::variant<long long, std::string> add(const NewJob& job);
  bool remove(long long id);    // false: there was none
  bool run_soon(long long id);  // false: there is none

  // Takes one due job and sets its next time, so that no other instance runs it too.
  std::optional<Job> claim_due();
  // Until the next job is due, in milliseconds, at most `limit_ms`.
  long long milliseconds_until_due(long long limit_ms);
  // Adds to the job's history and forgets all but the newest kRunsKeptPerJob. A job that is gone meanwhile is ignored.
  void record(long long id, const Run& run);

 private:
  Database& database_;
};

}  // namespace automation
