#include "drivers/store/sqlite/backup.hpp"

#include <sqlite3.h>

#include <filesystem>

#include "drivers/store/sqlite/connection.hpp"
#include "drivers/store/sqlite/schema.hpp"
#include "os/file.hpp"

namespace slipway::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr Millis copy_timeout{10'000};

// All pages in one step: a pause between steps would start over after each write of another connection, while one
// step reads one snapshot and, in a write-ahead log, hinders no writer.
void copy_pages(Connection& source, Connection& target) {
  sqlite3_backup* backup = sqlite3_backup_init(target.raw(), "main", source.raw(), "main");
  if (backup == nullptr) throw target.error(sqlite3_extended_errcode(target.raw()));
  const int stepped = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (stepped != SQLITE_DONE) throw target.error(finished != SQLITE_OK ? finished : stepped);
}

void refuse_target_in_use(const fs::path& source, const fs::path& target) {
  std::error_code ignored;  // a target that is not there is equivalent to nothing
  if (fs::equivalent(source, target, ignored)) {
    throw Error(ErrorKind::invalid, "back up the ledger: " + target.string() + " is the ledger itself");
  }
  // The log of the file that is there now would be taken for the new file's, and damage it.
  const fs::path log = target.string() + "-wal";
  if (fs::exists(log, ignored)) {
    throw Error(ErrorKind::conflict, "back up the ledger: " + log.string() +
                                         " exists, so the target is open as a ledger; choose another target");
  }
}

}  // namespace

void backup_ledger(const std::string& source, const std::string& target) {
  const fs::path to = fs::absolute(target);
  refuse_target_in_use(source, to);
  if (!fs::exists(source)) {
    throw Error(ErrorKind::unavailable, "back up the ledger: there is no ledger at " + source + "; correct its path");
  }
  Connection ledger(source, Connection::Mode::read, copy_timeout);
  check_identity(ledger);
  with_context("back up the ledger", [&] {
    os::Draft draft(to, os::Draft::Name::unique);
    {
      Connection copy(draft.path(), Connection::Mode::write, copy_timeout);
      // Nobody reads the copy before it is whole, so it needs neither journal nor fsync until then.
      copy.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;");
      copy_pages(ledger, copy);
    }
    os::with_advice("check the folder, its rights and its space", [&] { draft.publish(); });
  });
}

}  // namespace slipway::sqlite
