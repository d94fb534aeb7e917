#include "drivers/runtime/docker/program_check.hpp"

#include <fmt/format.h>

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace slipway::docker {
namespace {

constexpr std::string_view default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t path_limit = 16;

// Bits of Go's os.FileMode, which the engine answers with.
constexpr std::int64_t mode_directory = 1ll << 31;
constexpr std::int64_t mode_link = 1ll << 27;
constexpr std::int64_t mode_execute = 0111;

std::string path_variable(const boost::json::object& config) {
  const auto* env = array_at(config, "Env");
  std::string path(default_path);
  for (std::size_t i = 0; env != nullptr && i < env->size(); ++i) {
    const auto* entry = (*env)[i].if_string();
    if (entry != nullptr && std::string_view(*entry).starts_with("PATH=")) path = std::string_view(*entry).substr(5);
  }
  return path;
}

}  // namespace

std::vector<std::string> program_paths(const boost::json::object& container) {
  const std::string program = string_at(container, "Path");
  const auto* config = object_at(container, "Config");
  if (program.empty() || config == nullptr) return {};
  if (program.front() == '/') return {program};
  if (program.find('/') != std::string::npos) return {string_at(*config, "WorkingDir", "/") + "/" + program};
  std::vector<std::string> paths;
  for (const std::string& folder : split(path_variable(*config), ':')) {
    if (folder.starts_with('/')) paths.push_back(folder + "/" + program);
    if (paths.size() == path_limit) break;
  }
  return paths;
}

bool is_executable(std::string_view path_stat) {
  const auto decoded = from_base64(path_stat);
  boost::system::error_code error;
  const auto value = decoded ? boost::json::parse(*decoded, error) : boost::json::value();
  if (error || !value.is_object()) return true;  // cannot be told
  const auto mode = int_at(value.get_object(), "mode");
  if ((mode & mode_link) != 0) return true;  // where it leads is the init's to find out
  return (mode & mode_directory) == 0 && (mode & mode_execute) != 0;
}

void require_program(EngineClient& engine, const boost::json::object& container, Millis timeout) {
  const auto paths = program_paths(container);
  const std::string id = string_at(container, "Id");
  std::string_view why = "executable file not found in $PATH";
  if (paths.size() == 1) why = "no such file or directory";
  for (const std::string& path : paths) {
    Call call;
    call.method = "HEAD";
    call.path = fmt::format("/containers/{}/archive?path={}", id, net::url_encoded(path));
    call.timeout = timeout;
    const net::Response response = engine.call(call);
    if (response.status == 404) continue;
    if (response.status != 200) return;
    if (is_executable(net::header(response.headers, "X-Docker-Container-Path-Stat"))) return;
    why = "permission denied";
  }
  if (paths.empty()) return;
  throw Error(ErrorKind::invalid, fmt::format("docker: start: exec: \"{}\": {}; check the command and the image",
                                              string_at(container, "Path"), why));
}

}  // namespace slipway::docker
