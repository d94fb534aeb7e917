#include "drivers/runtime/process/tenant_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "base/error.hpp"
#include "base/json.hpp"
#include "os/file.hpp"
#include "os/lock.hpp"

namespace slipway::process {
namespace fs = std::filesystem;
namespace json = boost::json;
namespace {

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw_errno("remove " + path.string(), error.value());
}

json::array strings(const std::vector<std::string>& list) { return json::array(list.begin(), list.end()); }

}  // namespace

void throw_errno(std::string_view doing, int code) {
  const bool passes = code == ENOSPC || code == EMFILE || code == ENFILE || code == EAGAIN || code == ENOMEM ||
                      code == EINTR || code == EBUSY || code == EDQUOT || code == EIO;
  const bool refused = code == EACCES || code == EPERM || code == EROFS;
  const ErrorKind kind = passes ? ErrorKind::unavailable : refused ? ErrorKind::forbidden : ErrorKind::internal;
  throw Error(kind, fmt::format("process runtime: {}: {}", doing, std::strerror(code)));
}

std::optional<StoredSpec> TenantFiles::spec() const {
  const auto text = os::read_file(directory_ / "spec.json");
  if (!text) return std::nullopt;
  const json::value document = parse_json(*text, directory_.string() + "/spec.json");
  if (!document.is_object()) throw Error(ErrorKind::internal, directory_.string() + "/spec.json is not an object");
  const json::object& root = document.get_object();
  StoredSpec stored;
  stored.id = string_at(root, "id");
  InstanceSpec& spec = stored.spec;
  spec.tenant = TenantId(string_at(root, "tenant"));
  spec.slug = Slug(string_at(root, "slug"));
  spec.fingerprint = string_at(root, "fingerprint");
  spec.host_port = Port(static_cast<std::uint16_t>(int_at(root, "hostPort")));
  spec.plan.memory_bytes = static_cast<std::uint64_t>(int_at(root, "memoryBytes"));
  if (const json::array* command = array_at(root, "command")) {
    for (const json::value& word : *command) spec.command.emplace_back(word.as_string());
  }
  if (const json::array* env = array_at(root, "env")) {
    for (const json::value& entry : *env) {
      spec.env.push_back({string_at(entry.as_object(), "name"), Secret(string_at(entry.as_object(), "value"))});
    }
  }
  if (const json::array* volumes = array_at(root, "volumes")) {
    for (const json::value& name : *volumes) spec.volumes.push_back({std::string(name.as_string()), ""});
  }
  return stored;
}

void TenantFiles::write_spec(const StoredSpec& stored) const {
  const InstanceSpec& spec = stored.spec;
  json::array env, volumes;
  for (const EnvVar& var : spec.env) env.push_back({{"name", var.name}, {"value", var.value.reveal()}});
  for (const VolumeSpec& volume_spec : spec.volumes) {
    volumes.emplace_back(volume_spec.name);
    fs::create_directories(volume(volume_spec.name));
    fs::permissions(volume(volume_spec.name), fs::perms::owner_all);
  }
  fs::create_directories(work());
  fs::permissions(directory_ / "work", fs::perms::owner_all);
  const json::object root = {{"id", stored.id},
                             {"tenant", spec.tenant.value()},
                             {"slug", spec.slug.value()},
                             {"fingerprint", spec.fingerprint},
                             {"hostPort", spec.host_port.value()},
                             {"memoryBytes", spec.plan.memory_bytes},
                             {"command", strings(spec.command)},
                             {"env", env},
                             {"volumes", volumes}};
  os::replace_private_file(directory_ / "spec.json", json::serialize(root));
}

// One line a fact: "command 4242 981234". The supervisor writes it.
std::optional<RunState> TenantFiles::state() const {
  const auto text = os::read_file(state_file());
  if (!text) return std::nullopt;
  RunState state;
  std::istringstream lines(*text);
  std::string word;
  while (lines >> word) {
    if (word == "scope") lines >> state.scope;
    if (word == "supervisor") lines >> state.supervisor.pid >> state.supervisor.start;
    if (word == "command") lines >> state.command.pid >> state.command.start;
    if (word == "exited") {
      lines >> state.exit_code;
      state.exited = true;
    }
  }
  return state;
}

std::string TenantFiles::scope() const {
  struct stat info = {};
  if (stat(directory_.c_str(), &info) != 0) return "gone";
  return fmt::format("{}/{}:{}", os::boot_id(), info.st_dev, info.st_ino);
}

std::string TenantFiles::marker() const { return "SLIPWAY_INSTANCE=" + fs::weakly_canonical(directory_).string(); }

void TenantFiles::tell_watchers() const { utimensat(AT_FDCWD, directory_.c_str(), nullptr, 0); }

void TenantFiles::remove_instance() const {
  // The specification goes first: from then on there is no instance, whatever happens to the rest.
  std::error_code ignored;
  if (fs::remove(directory_ / "spec.json", ignored)) os::sync_directory(directory_);
  tell_watchers();
  remove_run();
  // Only empty directories go: data that is to be kept stays.
  fs::remove(directory_ / "volumes", ignored);
  fs::remove(directory_, ignored);
}

void TenantFiles::remove_run() const {
  for (const char* leaf : {"spec.json.new", "state", "state.new", "log", "log.1", "work"}) {
    remove_tree(directory_ / leaf);
  }
}

void TenantFiles::remove_volumes() const {
  remove_tree(directory_ / "volumes");
  std::error_code ignored;
  fs::remove(directory_, ignored);
}

os::Descriptor lock_tenant(const fs::path& directory, bool make, Millis timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  do {
    if (make && mkdir(directory.c_str(), 0711) != 0 && errno != EEXIST) {
      throw_errno("make " + directory.string(), errno);
    }
    os::Descriptor opened(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened && errno != ENOENT) throw_errno("open " + directory.string(), errno);
    if (!opened && !make) return {};
    const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
    // Whoever held the lock before may have taken the directory away.
    if (opened && os::lock_within(opened, left) && os::is_at(opened, directory)) return opened;
  } while (std::chrono::steady_clock::now() < deadline);
  throw Error(ErrorKind::unavailable,
              fmt::format("process runtime: {} is being worked on by somebody else", directory.string()));
}

}  // namespace slipway::process
