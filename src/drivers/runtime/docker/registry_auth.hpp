#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace slipway::docker {

// A login to one registry. With a token instead of a password, `identity_token` is set and the others are empty.
struct RegistryLogin {
  std::string server;
  std::string username;
  Secret password;
  Secret identity_token;
};

// What a credential helper answers for a server (`docker-credential-NAME get`), or nothing where it knows no login.
// May throw an Error. An input, so that tests need no programs.
using CredentialHelper =
    std::function<std::optional<RegistryLogin>(const std::string& name, const std::string& server)>;

// The login for `registry` ("docker.io", "registry.example.com:5000") by the text of Docker's own config.json, with its
// credHelpers, credsStore and auths, in that order; nothing where it holds none. Throws invalid for a file that is no
// JSON.
std::optional<RegistryLogin> find_login(std::string_view config, const std::string& registry,
                                        const CredentialHelper& helper);

// The value of X-Registry-Auth. It keeps its padding: Engine 20.10 silently ignores the header without it.
Secret registry_auth_header(const RegistryLogin& login);

}  // namespace slipway::docker
