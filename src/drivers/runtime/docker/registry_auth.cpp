#include "drivers/runtime/docker/registry_auth.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <vector>

#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace slipway::docker {
namespace {

// Docker Hub's logins are kept under the address of its first registry.
constexpr std::string_view hub_key = "https://index.docker.io/v1/";

std::vector<std::string> keys_of(const std::string& registry) {
  if (registry != "docker.io") return {registry};
  return {std::string(hub_key), "index.docker.io", "docker.io", "registry-1.docker.io"};
}

// "https://registry.example.com/v1/" → "registry.example.com": old entries are addresses.
std::string host_of(std::string_view key) {
  if (const auto scheme = key.find("://"); scheme != key.npos) key.remove_prefix(scheme + 3);
  return std::string(key.substr(0, key.find('/')));
}

const boost::json::object* auth_entry(const boost::json::object& auths, const std::string& registry) {
  for (const std::string& key : keys_of(registry)) {
    if (const auto* entry = object_at(auths, key)) return entry;
  }
  for (const auto& [key, value] : auths) {
    if (host_of(key) == registry && value.is_object()) return &value.get_object();
  }
  return nullptr;
}

std::optional<RegistryLogin> login_of(const boost::json::object& entry, const std::string& registry) {
  RegistryLogin login;
  login.server = registry == "docker.io" ? std::string(hub_key) : registry;
  login.identity_token = Secret(string_at(entry, "identitytoken"));
  login.username = string_at(entry, "username");
  login.password = Secret(string_at(entry, "password"));
  if (const std::string auth = string_at(entry, "auth"); !auth.empty()) {
    const auto decoded = from_base64(auth);
    const auto colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos) {
      throw Error(
          ErrorKind::invalid,
          fmt::format("Docker's config file: the 'auth' of {} is not base64 of user:password; run 'docker login {}'",
                      registry, registry));
    }
    login.username = decoded->substr(0, colon);
    // Docker itself drops zero bytes that its older versions wrote.
    std::string password = decoded->substr(colon + 1);
    password.erase(password.find_last_not_of('\0') + 1);
    login.password = Secret(std::move(password));
  }
  if (login.username.empty() && login.identity_token.empty()) return std::nullopt;
  return login;
}

std::string helper_of(const boost::json::object& config, const std::string& registry) {
  if (const auto* helpers = object_at(config, "credHelpers")) {
    for (const std::string& key : keys_of(registry)) {
      if (std::string name = string_at(*helpers, key); !name.empty()) return name;
    }
  }
  return string_at(config, "credsStore");
}

}  // namespace

std::optional<RegistryLogin> find_login(std::string_view text, const std::string& registry,
                                        const CredentialHelper& helper) {
  boost::system::error_code error;
  const auto value = boost::json::parse(text, error);
  if (error || !value.is_object()) {
    throw Error(ErrorKind::invalid, "Docker's config file is not a JSON object; mend it or remove it");
  }
  const auto& config = value.get_object();
  if (const std::string name = helper_of(config, registry); !name.empty()) {
    if (auto login = helper(name, keys_of(registry).front())) return login;
  }
  const auto* auths = object_at(config, "auths");
  const auto* entry = auths == nullptr ? nullptr : auth_entry(*auths, registry);
  return entry == nullptr ? std::nullopt : login_of(*entry, registry);
}

Secret registry_auth_header(const RegistryLogin& login) {
  boost::json::object object;
  object["serveraddress"] = login.server;
  if (login.identity_token.empty()) {
    object["username"] = login.username;
    object["password"] = login.password.reveal();
  } else {
    object["identitytoken"] = login.identity_token.reveal();
  }
  std::string header = to_base64(boost::json::serialize(object));
  for (char& c : header) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return Secret(std::move(header));
}

}  // namespace slipway::docker
