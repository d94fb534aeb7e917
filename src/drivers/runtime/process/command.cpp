#include "drivers/runtime/process/command.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway::process {
namespace fs = std::filesystem;

std::string find_program(const std::string& program, const std::string& path) {
  if (program.find('/') != std::string::npos) {
    if (program.front() == '/') return program;
    throw Error(ErrorKind::invalid,
                fmt::format("process runtime: app.command begins with {}: give an absolute path or a name found in "
                            "{}, since each tenant has a working directory of its own",
                            program, path));
  }
  for (const std::string& directory : split(path, ':')) {
    const fs::path candidate = fs::path(directory) / program;
    std::error_code error;
    if (fs::is_regular_file(candidate, error) && access(candidate.c_str(), X_OK) == 0) return candidate.string();
  }
  throw Error(ErrorKind::invalid,
              fmt::format("process runtime: no program {} in {}; correct app.command", program, path));
}

std::vector<Secret> command_environment(const InstanceSpec& spec, const TenantFiles& files, const std::string& path) {
  std::map<std::string, Secret> values = {{"HOME", Secret(files.work().string())}, {"PATH", Secret(path)}};
  for (const VolumeSpec& volume : spec.volumes) {
    std::string name = "SLIPWAY_VOLUME_";
    for (const char c : volume.name) {
      const bool lower = c >= 'a' && c <= 'z';
      const bool kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      name += lower ? static_cast<char>(c - 'a' + 'A') : kept ? c : '_';
    }
    values.insert_or_assign(name, Secret(files.volume(volume.name).string()));
  }
  for (const EnvVar& var : spec.env) values.insert_or_assign(var.name, var.value);
  values.insert_or_assign("PORT", Secret(std::to_string(spec.host_port.value())));
  std::vector<Secret> environment;
  for (const auto& [name, value] : values) environment.emplace_back(name + "=" + value.reveal());
  environment.emplace_back(files.marker());
  return environment;
}

os::Owner find_user(const std::string& name) {
  std::vector<char> buffer(16'384);
  passwd entry;
  passwd* found = nullptr;
  getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (!found) throw Error(ErrorKind::invalid, fmt::format("process runtime: there is no user {}", name));
  return {found->pw_uid, found->pw_gid};
}

void give_to(const fs::path& directory, const os::Owner& user) {
  if (lchown(directory.c_str(), user.uid, user.gid) != 0) {
    throw_errno(fmt::format("give {} to the tenants' user", directory.string()), errno);
  }
}

}  // namespace slipway::process
