#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "model/names.hpp"
#include "model/plan.hpp"
#include "model/tenant.hpp"

// What the founder sells, as slipway.yaml says it.
namespace slipway {

// One environment variable of the app; the value is a template (`{{ db.url }}`; see env_values), in which each ${NAME}
// of slipway.yaml still stands: a release holds no secret, and one that has been changed is used from the next start
// on.
struct EnvTemplate {
  std::string name;
  std::string value;
  bool todays =
      false;  // in a release: a secret that slipway.yaml spells out; its value is the one that stands there now
};

// A named volume of each tenant's own, mounted at an absolute path.
struct VolumeSpec {
  std::string name;
  std::string path;
};

struct AppSpec {
  std::string name = "app";          // shown in mails and pages
  std::string image;                 // reference: "shop:1.4" or "registry.example.com/shop@sha256:…"
  std::vector<std::string> command;  // empty: the image's own; ${NAME} as in EnvTemplate
  std::uint16_t port = 8080;         // on which the app listens inside its container
  std::string health_path = "/";
  Millis start_timeout{60'000};  // of one boot, until it answers its health path with 2xx or 3xx
  Millis stop_timeout{10'000};   // between SIGTERM and SIGKILL
  std::vector<EnvTemplate> env;
  std::vector<VolumeSpec> volumes;
  bool read_only = false;  // root file system
  std::vector<std::string> capabilities = {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID", "NET_BIND_SERVICE"};
};

// Where a tenant answers: http://<slug>.<domain part>:<port>.
struct AccessSpec {
  std::string domain = "sslip.io";  // "sslip.io", or "localhost" for a machine without DNS
  std::string address;              // public IPv4 address of the machine; part of an sslip.io name
  std::string probe_address;  // of the machine where instances are published, for the ready probe; empty: loopback
};

// "http://acme.203-0-113-9.sslip.io:20001"; empty without a port or an address. The tenant's own host goes before the
// configured address.
std::string access_url(const AccessSpec& access, const Tenant& tenant);

// The URL that the customer was told, else the one they will be.
std::string shown_url(const AccessSpec& access, const Tenant& tenant);

}  // namespace slipway
