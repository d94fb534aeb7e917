#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/template.hpp"
#include "base/text.hpp"
#include "config/values.hpp"
#include "model/env_values.hpp"
#include "model/names.hpp"

namespace slipway::config {
namespace {

constexpr std::string_view lower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view digits = "0123456789";

[[noreturn]] void refuse(std::string why) { throw Error(ErrorKind::invalid, std::move(why)); }

bool only(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

bool printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool is_ip(std::string_view text, int family) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(family, std::string(text).c_str(), bytes.data()) == 1;
}

// What the model's own parser says is wrong, without the name of the request's field in front of it.
template <class Parse>
auto by_model(Parse parse, std::string_view text) {
  try {
    return parse(text);
  } catch (const Error& e) {
    refuse(e.fields().empty() ? e.message() : e.fields().front().message);
  }
}

const std::vector<std::string>& linux_capabilities() {
  static const std::vector<std::string> names = {"AUDIT_CONTROL",   "AUDIT_READ",   "AUDIT_WRITE",
                                                 "BLOCK_SUSPEND",   "BPF",          "CHECKPOINT_RESTORE",
                                                 "CHOWN",           "DAC_OVERRIDE", "DAC_READ_SEARCH",
                                                 "FOWNER",          "FSETID",       "IPC_LOCK",
                                                 "IPC_OWNER",       "KILL",         "LEASE",
                                                 "LINUX_IMMUTABLE", "MAC_ADMIN",    "MAC_OVERRIDE",
                                                 "MKNOD",           "NET_ADMIN",    "NET_BIND_SERVICE",
                                                 "NET_BROADCAST",   "NET_RAW",      "PERFMON",
                                                 "SETFCAP",         "SETGID",       "SETPCAP",
                                                 "SETUID",          "SYSLOG",       "SYS_ADMIN",
                                                 "SYS_BOOT",        "SYS_CHROOT",   "SYS_MODULE",
                                                 "SYS_NICE",        "SYS_PACCT",    "SYS_PTRACE",
                                                 "SYS_RAWIO",       "SYS_RESOURCE", "SYS_TIME",
                                                 "SYS_TTY_CONFIG",  "WAKE_ALARM"};
  return names;
}

}  // namespace

std::string parse_line(std::string_view text) {
  if (text.empty()) refuse("is empty");
  if (text.size() > 255) refuse("is longer than 255 bytes");
  if (has_control_characters(text)) refuse("holds control characters");
  return std::string(text);
}

std::string parse_name(std::string_view text) {
  const bool ok = !text.empty() && text.size() <= 63 && only(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") &&
                  text.front() != '_' && text.front() != '-';
  if (!ok) refuse("is not a name: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit");
  return std::string(text);
}

std::string parse_plan_name(std::string_view text) {
  const bool ok = !text.empty() && text.size() <= 63 && only(text, "abcdefghijklmnopqrstuvwxyz0123456789-") &&
                  text.front() != '-' && text.back() != '-';
  if (!ok) refuse("is not a plan's name: 1 to 63 of a-z, 0-9 and inner hyphens");
  return std::string(text);
}

std::string parse_env_name(std::string_view text) {
  const std::string letters = std::string(lower) + "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  const bool ok = !text.empty() && only(text, letters + std::string(digits)) && only(text.substr(0, 1), letters);
  if (!ok) refuse("is not a variable's name: letters, digits and _, not beginning with a digit");
  return std::string(text);
}

std::string parse_env_template(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) refuse("holds a zero byte, which no variable can");
  TemplateValues known;
  for (const std::string& name : env_value_names()) known[name];
  try {
    expand_template(text, known);
  } catch (const Error& e) {
    const std::string_view why = e.message();
    const std::string_view head = "template: ";
    throw Error(ErrorKind::invalid, "is not a template")
        .on("", std::string(why.starts_with(head) ? why.substr(head.size()) : why));
  }
  return std::string(text);
}

std::string parse_image(std::string_view text) {
  if (text.empty()) refuse("is empty");
  if (text.find("://") != std::string_view::npos) refuse("is an address, not an image; leave out what ends in ://");
  if (text.size() > 255 || !printable_ascii(text) || text.front() == '-') refuse("is not an image such as shop:1.4");
  const auto name = text.substr(0, text.find('@'));
  const auto repository = name.substr(name.find('/') == std::string_view::npos ? 0 : name.find('/') + 1);
  const auto untagged = repository.substr(0, repository.rfind(':'));
  if (lowered_ascii(untagged) != untagged) refuse("is not an image: its repository must be lower case");
  return std::string(text);
}

std::string parse_health_path(std::string_view text) {
  if (!text.starts_with('/')) refuse("must begin with /, such as /healthz");
  if (text.size() > 255 || !printable_ascii(text)) refuse("is not a path of printable characters without spaces");
  return std::string(text);
}

std::string parse_mount_path(std::string_view text) {
  if (!text.starts_with('/')) refuse("must be absolute, such as /data");
  if (text == "/") refuse("is the container's root, which cannot be a volume");
  const auto parts = split(text, '/');
  const bool walks = std::find(parts.begin(), parts.end(), "..") != parts.end();
  if (walks || text.find_first_of(":,") != std::string_view::npos || has_control_characters(text)) {
    refuse("must hold neither '..' nor ':', ',' or control characters");
  }
  return std::string(text);
}

std::string parse_capability(std::string_view text) {
  const auto& known = linux_capabilities();
  if (std::find(known.begin(), known.end(), text) != known.end()) return std::string(text);
  std::string plain(text);
  for (char& c : plain) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (plain.starts_with("CAP_")) plain = plain.substr(4);
  const std::string near = nearest(plain, known);
  refuse(near.empty() ? "is not a Linux capability such as CHOWN"
                      : fmt::format("is not a Linux capability; did you mean '{}'?", near));
}

std::string parse_ipv4(std::string_view text) {
  if (!is_ip(text, AF_INET)) refuse("is not an IPv4 address such as 203.0.113.9");
  return std::string(text);
}

std::string parse_subnet(std::string_view text) {
  const auto slash = text.find('/');
  const std::string_view bits = slash == std::string_view::npos ? "" : text.substr(slash + 1);
  const bool ok = is_ip(text.substr(0, slash), AF_INET) && !bits.empty() && bits.size() <= 2 && only(bits, digits) &&
                  std::stoi(std::string(bits)) >= 8 && std::stoi(std::string(bits)) <= 29;
  if (!ok) refuse("is not an IPv4 subnet such as 172.30.0.0/16");
  return std::string(text);
}

std::string parse_host(std::string_view text) {
  const bool name = !text.empty() && text.size() <= 253 && text.front() != '-' && text.front() != '.' &&
                    only(lowered_ascii(text), "abcdefghijklmnopqrstuvwxyz0123456789-._");
  if (!name && !is_ip(text, AF_INET6)) refuse("is not a host name or an IP address");
  return std::string(text);
}

std::string parse_http_url(std::string_view text) {
  const auto rest = text.starts_with("https://") ? text.substr(8) : text.starts_with("http://") ? text.substr(7) : "";
  if (rest.empty() || rest.front() == '/' || !printable_ascii(text)) refuse("must begin with https:// and name a host");
  return std::string(text);
}

std::string parse_origin(std::string_view text) {
  const auto host = text.starts_with("https://") ? text.substr(8) : text.starts_with("http://") ? text.substr(7) : "";
  const bool ok = !host.empty() && printable_ascii(text) && host.find('/') == std::string_view::npos;
  if (text != "*" && !ok) refuse("is not an origin such as https://shop.example, without a path");
  return std::string(text);
}

std::string parse_docker_host(std::string_view text) {
  if (text.starts_with("unix:///") && text.size() > 8 && printable_ascii(text)) return std::string(text);
  if (text.starts_with("unix://")) refuse("must name the socket with an absolute path: unix:///var/run/docker.sock");
  const auto scheme = text.substr(0, text.find("://"));
  const bool known = scheme == "tcp" || scheme == "http" || scheme == "https";
  if (!known || text.size() <= scheme.size() + 3 || !printable_ascii(text)) {
    refuse("is not an address of Docker such as unix:///var/run/docker.sock or tcp://10.0.0.5:2376");
  }
  return std::string(text);
}

std::string parse_address(std::string_view text) { return by_model(parse_email, text).value(); }

std::string parse_mailbox(std::string_view text) {
  const auto open = text.find('<');
  if (open == std::string_view::npos) return parse_address(text);
  const std::string name = trimmed(text.substr(0, open));
  if (!text.ends_with('>') || has_control_characters(name) || name.find_first_of("<>\"\\") != std::string::npos) {
    refuse("must look like Shop <hello@shop.example>");
  }
  const std::string address = parse_address(text.substr(open + 1, text.size() - open - 2));
  return name.empty() ? address : fmt::format("{} <{}>", name, address);
}

Secret parse_database_url(std::string_view text) {
  const bool url = text.starts_with("postgres://") || text.starts_with("postgresql://");
  if (!url || !printable_ascii(text))
    refuse("must be a URL such as postgresql://admin:PASSWORD@127.0.0.1:5432/postgres");
  return Secret(std::string(text));
}

Listen parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  const std::string_view address = colon == std::string_view::npos ? "" : text.substr(0, colon);
  const std::string_view port = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  Listen listen;
  if (address.starts_with('[') && address.ends_with(']') && is_ip(address.substr(1, address.size() - 2), AF_INET6)) {
    listen.address = address.substr(1, address.size() - 2);
  } else if (is_ip(address, AF_INET)) {
    listen.address = address;
  } else if (address == "localhost") {
    listen.address = "127.0.0.1";
  } else {
    refuse("is not an IP address and a port such as 127.0.0.1:8080 or 0.0.0.0:8080");
  }
  listen.port = port == "0" ? std::uint16_t{0} : parse_port(port);
  return listen;
}

}  // namespace slipway::config
