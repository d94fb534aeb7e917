#include "app/data_dir.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "os/file.hpp"
#include "os/lock.hpp"

namespace slipway {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view advice = "check `data_dir` and its owner";

void write_private(const fs::path& path, const std::string& content) {
  os::with_advice(advice, [&] { os::replace_private_file(path, content); });
}

std::string read_small_file(const fs::path& path) { return trimmed(os::read_file(path).value_or("")); }

}  // namespace

void DataDir::make() const {
  std::error_code error;
  const bool made = fs::create_directories(path_, error);
  if (error) {
    throw Error(ErrorKind::unavailable,
                fmt::format("create data directory {}: {}; check `data_dir` and its parent's owner", path_.string(),
                            error.message()));
  }
  // Postgres, which runs as another user, must pass through to its own directory below.
  if (made && chmod(path_.c_str(), 0711) != 0) os::with_advice(advice, [&] { os::fail("protect", path_); });
}

void DataDir::lock() {
  make();
  const fs::path file = path_ / "slipway.lock";
  os::with_advice(advice, [&] {
    lock_ = os::lock_file(file, Millis(0));
    if (!lock_) return;
    const std::string me = fmt::format("{}\n", getpid());
    if (ftruncate(lock_.get(), 0) != 0) os::fail("write", file);
    os::write_all(lock_, me, file);
  });
  if (!lock_) {
    throw Error(ErrorKind::conflict,
                fmt::format("another Slipway (process {}) works on {}; stop it first, or give this one a `data_dir` of "
                            "its own",
                            read_small_file(file), path_.string()));
  }
}

Secret DataDir::master_key(Random& random) const {
  const fs::path file = path_ / "master.key";
  if (fs::exists(file)) {
    Secret key(read_small_file(file));
    if (key.reveal().size() < 32) {
      throw Error(ErrorKind::invalid, fmt::format("{} is damaged: restore it from a backup", file.string()));
    }
    return key;
  }
  if (fs::exists(ledger())) {
    throw Error(ErrorKind::not_found,
                fmt::format("{} is missing, but there is a ledger beside it: restore the key from a backup; without it "
                            "no tenant could reach its database",
                            file.string()));
  }
  Secret key = new_key(random);
  write_private(file, key.reveal() + "\n");
  return key;
}

std::string DataDir::runtime_in_use() const {
  const std::string remembered = read_small_file(path_ / "runtime");
  if (remembered == "docker") return remembered;
  if (!remembered.empty() && remembered != "process") {  // an older version remembered that too
    throw Error(ErrorKind::invalid,
                fmt::format("the file \"runtime\" in data_dir says \"{}\", which is no runtime; set "
                            "runtime.driver, or remove the file to have it chosen anew",
                            remembered));
  }
  std::error_code not_there;
  const bool tenants = fs::directory_iterator(processes(), not_there) != fs::directory_iterator();
  return tenants ? "process" : "";
}

void DataDir::remember_docker() const { write_private(path_ / "runtime", "docker\n"); }

}  // namespace slipway
