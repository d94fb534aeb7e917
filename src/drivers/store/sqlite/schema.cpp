#include "drivers/store/sqlite/schema.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/id.hpp"
#include "base/random.hpp"
#include "drivers/store/sqlite/migrations.hpp"

namespace slipway::sqlite {
namespace {

namespace fs = std::filesystem;

std::string quoted(const fs::path& path) { return "\"" + path.string() + "\""; }

std::string advice_for(const fs::path& path, int code) {
  const fs::path folder = path.parent_path();
  switch (code) {
    case ENOENT:
      return "the folder " + quoted(folder) + " does not exist; create it or correct the ledger's path";
    case ENOTDIR:
      return quoted(folder) + " is not a folder; correct the ledger's path";
    case EISDIR:
      return "this is a folder; give the path of a file";
    case EACCES:
    case EPERM:
    case EROFS:
      return "the file and its folder must be readable and writable for the user that runs Slipway";
    case ENOSPC:
    case EDQUOT:
      return "free space on its disk";
    default:
      return "check the path and its disk";
  }
}

[[noreturn]] void fail(const fs::path& path, int code) {
  throw Error(ErrorKind::unavailable,
              "open ledger " + path.string() + ": " + std::strerror(code) + "; " + advice_for(path, code));
}

int integer_of(Connection& ledger, std::string_view pragma) {
  Query query(ledger, pragma);
  return query.step() ? static_cast<int>(query.integer(0)) : 0;
}

struct Identity {
  int application = 0, version = 0;
  bool empty = false;
};

// In one transaction: another process may be making the ledger in between.
Identity identity_of(Connection& ledger) {
  ledger.execute("BEGIN");
  try {
    const Identity found{integer_of(ledger, "PRAGMA application_id"), integer_of(ledger, "PRAGMA user_version"),
                         integer_of(ledger, "SELECT count(*) FROM sqlite_schema") == 0};
    ledger.execute("COMMIT");
    return found;
  } catch (...) {
    ledger.rollback();
    throw;
  }
}

// Switching an old file to the log needs it alone for a moment, and SQLite does not wait for that by itself.
void use_write_ahead_log(Connection& ledger, Millis busy_timeout) {
  const auto deadline = std::chrono::steady_clock::now() + busy_timeout;
  std::string mode;
  while (mode.empty()) {
    try {
      Query query(ledger, "PRAGMA journal_mode=WAL");
      if (query.step()) mode = query.text(0);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable || std::chrono::steady_clock::now() >= deadline) throw;
      std::this_thread::sleep_for(Millis(10));
    }
  }
  if (mode == "wal") return;
  throw Error(ErrorKind::unavailable, "ledger " + ledger.path() +
                                          ": its file system does not support SQLite's write-ahead log; put the "
                                          "ledger on a local disk");
}

void apply(Connection& ledger, int version) {
  ledger.execute(migrations.at(static_cast<std::size_t>(version)));
  if (version == 0) {
    SystemRandom random;
    const std::string id = new_id("i_", TimePoint(), random);  // its last characters are all chance
    ledger.run("INSERT INTO meta (key, value) VALUES ('installation', ?1)", id.substr(id.size() - 6));
    ledger.execute(("PRAGMA application_id=" + std::to_string(application_id)).c_str());
  }
  ledger.execute(("PRAGMA user_version=" + std::to_string(version + 1)).c_str());
}

}  // namespace

int schema_version() { return static_cast<int>(migrations.size()); }

void create_file(const std::string& path) {
  const fs::path absolute = fs::absolute(path);
  const int file = ::open(absolute.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) fail(absolute, errno);
  struct stat status {};
  // SQLite gives its log and index beside the file the same mode.
  const bool open_to_others = ::fstat(file, &status) == 0 && (status.st_mode & 077) != 0;
  const int code = open_to_others && ::fchmod(file, 0600) != 0 ? errno : 0;
  ::close(file);
  if (code != 0) fail(absolute, code);
}

void check_identity(Connection& ledger) {
  const Identity found = identity_of(ledger);
  if (found.empty && found.application == 0) return;
  if (found.application != application_id) {
    throw Error(ErrorKind::internal,
                "ledger " + ledger.path() + ": this is an SQLite database, but not Slipway's; configure another path");
  }
  if (found.version > schema_version()) {
    throw Error(ErrorKind::internal, "ledger " + ledger.path() + ": its schema has version " +
                                         std::to_string(found.version) + ", this program knows versions up to " +
                                         std::to_string(schema_version()) +
                                         "; run the newer Slipway that wrote it, or restore a backup from before");
  }
}

void migrate(Connection& ledger, Millis busy_timeout) {
  use_write_ahead_log(ledger, busy_timeout);
  while (integer_of(ledger, "PRAGMA user_version") < schema_version()) {
    ledger.execute("BEGIN IMMEDIATE");
    try {
      // Another process may have been faster.
      const int version = integer_of(ledger, "PRAGMA user_version");
      if (version < schema_version()) apply(ledger, version);
      ledger.execute("COMMIT");
    } catch (...) {
      ledger.rollback();
      throw;
    }
  }
}

void set_port_range(Connection& ledger, Port first, Port last) {
  const bool none = first.value() == 0 && last.value() == 0;
  if (!none && (first.value() == 0 || last < first)) {
    throw Error(ErrorKind::invalid, "the range of ports " + std::to_string(first.value()) + "-" +
                                        std::to_string(last.value()) + " is empty; give a first and a last port");
  }
  ledger.execute("BEGIN IMMEDIATE");
  try {
    ledger.run("DELETE FROM ports WHERE status <> 'leased' AND (port < ?1 OR port > ?2)", first, last);
    if (!none)
      ledger.run(
          "WITH RECURSIVE range (port) AS (SELECT ?1 UNION ALL SELECT port + 1 FROM range WHERE port < ?2) "
          "INSERT OR IGNORE INTO ports (port) SELECT port FROM range",
          first, last);
    ledger.execute("COMMIT");
  } catch (...) {
    ledger.rollback();
    throw;
  }
}

}  // namespace slipway::sqlite
