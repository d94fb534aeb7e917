#include <sys/mman.h>
#include <unistd.h>

#include "config/config.hpp"
#include "config/keys.hpp"
#include "config/show.hpp"
#include "tests/fuzz/fuzz.hpp"

// Any text as slipway.yaml: everything wrong is told with its place, and a secret is never shown, neither in what is
// wrong nor in what `config show` prints.
namespace {

using namespace slipway;

constexpr std::string_view first_secret = "hunter2 of the environment";
std::string secret;

std::optional<std::string> environment(const std::string& name) {
  if (name == "SECRET") return secret;
  if (name == "PORT") return "5432";
  return std::nullopt;
}

// A path shows as what it is.
bool is_path(std::string_view shown) {
  const config::Key* key = config::find_key(shown);
  return key != nullptr && key->kind.form == config::Form::path;
}

// A file that is in memory only.
class File {
 public:
  explicit File(std::string_view text) : fd_(::memfd_create("slipway.yaml", 0)) {
    fuzz::require(fd_ >= 0 && ::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()), "a file");
  }
  ~File() { ::close(fd_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // libFuzzer learns it from the comparisons below: then it is another one.
  for (secret = first_secret; text.find(secret) != text.npos;) secret += '!';
  const File file(text);
  try {
    const Config config = load_config(file.path(), environment);
    fuzz::require(config.plans.contains("default"), "there is always a default plan");
    fuzz::require(!config.app.image.empty(), "a configuration that is taken names its image");
    fuzz::require(config.access.ports.first <= config.access.ports.last, "a range of ports is one");
    for (const ShownKey& shown : effective_config(file.path(), environment)) {
      const bool masked = shown.value.find(secret) == std::string::npos;
      fuzz::require(masked || is_path(shown.key), "config show masks the secret", shown.key);
    }
  } catch (const Error& error) {
    fuzz::require(error.kind() == ErrorKind::invalid, "a configuration that is refused is invalid", error.message());
    fuzz::require(error.message().find(secret) == std::string::npos, "no error repeats the secret", error.message());
    fuzz::require(utf8_length(error.message()) != std::string_view::npos, "an error is UTF-8", error.message());
  }
  fuzz::accepts([&] {
    try {
      load_socket_path(file.path(), environment);
    } catch (const Error& error) {
      fuzz::require(error.message().find(secret) == std::string::npos, "no error repeats the secret", error.message());
    }
  });
  return 0;
}
