#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/call_limits.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "base/variables.hpp"
#include "model/app.hpp"
#include "net/http_client.hpp"

namespace slipway {

// What slipway.yaml says, checked and complete: values only. The table of keys (config/keys.cpp) has what each means,
// and its default.
struct Config {
  struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;  // inclusive
  };

  struct Access {
    AccessSpec spec;  // `spec.address` is empty if it is still to be found
    PortRange ports;
    bool stable_ports = false;  // on AWS; elsewhere a customer's port never changes
  };

  enum class RuntimeDriver { automatic, docker, process };
  struct Docker {
    net::Endpoint engine;  // unix, http or https; tcp has been translated
    std::string network;
    std::string subnet;                 // "172.30.0.0/16"; empty: Docker chooses
    std::filesystem::path config_file;  // registry credentials; empty: there are none
  };
  struct Runtime {
    RuntimeDriver driver = RuntimeDriver::automatic;
    Docker docker;
    std::string process_user;  // empty: as Slipway itself
  };

  struct Database {
    Secret url;  // of the administrator; empty: Slipway runs a server of its own
    std::uint16_t managed_port = 0;
    std::filesystem::path bindir;  // of initdb and postgres; empty: to be found
    std::string tenant_host;       // how instances reach the server; empty: to be derived
    std::optional<std::uint16_t> tenant_port;
  };

  enum class MailDriver { outbox, smtp, resend };
  enum class SmtpSecurity { starttls, tls, none };
  struct Smtp {
    std::string host;
    std::uint16_t port = 0;
    SmtpSecurity security = SmtpSecurity::starttls;
    std::string user;
    Secret password;
  };
  struct Resend {
    Secret api_key;
    std::string endpoint;
  };
  struct Mail {
    MailDriver driver = MailDriver::outbox;
    std::string from;
    std::string reply_to;
    std::string operator_address;  // told of failures; empty: nobody
    std::string language;
    std::filesystem::path templates;  // overrides of the templates that come with Slipway; empty: none
    std::filesystem::path outbox;
    Smtp smtp;
    Resend resend;
  };

  struct Listen {
    std::string address;
    std::uint16_t port = 0;  // 0: any free one
  };
  struct Api {
    Listen listen;
    std::filesystem::path socket;
    api::CallLimits access;
  };

  // Of `slipway aws`; whatever runs on this machine ignores it.
  struct Aws {
    std::string region;  // empty: as AWS's own tools find it
    std::string stack;
    std::string zone;  // empty: the region's first
    std::string instance_type;
    std::uint32_t extra_machines = 0;
    bool shell_access = false;
    std::uint64_t database_volume_bytes = 0;
    std::uint32_t database_snapshots = 0;
    std::string database_image;
    std::string database_host;  // empty: a container on the first machine
    std::uint16_t database_port = 0;
    Secret database_password;  // of `postgres` on that host; empty: one is made
    std::uint32_t requests_per_second = 0;
    std::uint32_t log_days = 0;
    std::string alarm_email;  // empty: nobody
    std::uint32_t budget_usd = 0;
  };

  struct Limits {
    std::vector<std::string> reserved_subdomains;
    unsigned workers = 0;
    unsigned parallel_starts = 0;  // 0: one for each core
    Millis retry_budget{};
    Millis orphan_grace{};
    Millis sweep_interval{};
  };

  enum class LogStyle { automatic, human, json };  // automatic: human on a terminal, JSON otherwise
  struct Logging {
    LogStyle format = LogStyle::automatic;
    LogLevel level = LogLevel::info;
  };

  std::filesystem::path file;      // absolute
  std::filesystem::path data_dir;  // absolute, as every path here
  AppSpec app;
  std::map<std::string, Plan> plans;  // by name; "default" is always there
  Access access;
  Runtime runtime;
  Database database;
  Mail mail;
  Api api;
  Aws aws;
  Limits limits;
  Logging log;
  EnvLookup variables;          // what the file was read with: the app's environment and command keep their ${NAME}
  std::vector<Secret> secrets;  // of the whole file, wherever they stand: what must not be quoted
};

// Reads and checks the whole file. Throws Error(invalid) that lists everything that is wrong at once: a line of
// "file:line:column: key: what is wrong" each, also in fields(); or that says that there is no such file.
// `replaced`: texts that stand in for those of keys that the file has, by dotted name ("mail.resend.api_key"): secrets
// that are kept elsewhere than where the file says.
using Replaced = std::map<std::string, std::string>;
Config load_config(const std::filesystem::path& file, const EnvLookup& env, const Replaced& replaced = {});

// Only where the server's socket is, for programs that talk to it: needs no secret of the file, and forgives its errors
// elsewhere. Throws Error(not_found) where there is no such file.
std::filesystem::path load_socket_path(const std::filesystem::path& file, const EnvLookup& env);

}  // namespace slipway
