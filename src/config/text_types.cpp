#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/template.hpp"
#include "base/text.hpp"
#include "config/types.hpp"
#include "model/env_values.hpp"
#include "model/image_reference.hpp"
#include "model/names.hpp"

namespace slipway::config {
namespace {

constexpr std::string_view lower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view digits = "0123456789";
constexpr std::string_view lower_digits_hyphen = "abcdefghijklmnopqrstuvwxyz0123456789-";
constexpr std::string_view letters_ = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
constexpr std::string_view capabilities =
    "AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH "
    "FOWNER "
    "FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE "
    "NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE "
    "SYS_NICE "
    "SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM";

[[noreturn]] void refuse(std::string why) { throw Error(ErrorKind::invalid, std::move(why)); }

void unless(bool good, std::string_view why) {
  if (!good) refuse(std::string(why));
}

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

// What follows http:// or https://; empty for anything else.
std::string_view after_http(std::string_view text) {
  return text.starts_with("https://") ? text.substr(8) : text.starts_with("http://") ? text.substr(7) : "";
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

using Check = void (*)(std::string_view text);

// Text that is taken as it is, once it has been checked.
Type checked(Kind kind, Check check) {
  return {std::move(kind), [check](std::string_view value) {
            check(value);
            return std::string(value);
          }};
}
Type free_text(Check check) { return checked({.name = "text", .free_text = true}, check); }
Type url(Check check) {
  return checked({.name = "address", .form = Form::pattern, .pattern = "://", .free_text = true}, check);
}
Kind shaped(std::string name, std::string pattern) {
  return {.name = std::move(name), .form = Form::pattern, .pattern = std::move(pattern)};
}

void check_line(std::string_view text) {
  unless(!text.empty(), "is empty");
  unless(text.size() <= 255, "is longer than 255 bytes");
  unless(!has_control_characters(text), "holds control characters");
}

void check_ipv4(std::string_view text) { unless(is_ip(text, AF_INET), "is not an IPv4 address such as 203.0.113.9"); }

void check_template(std::string_view text) {
  unless(text.find('\0') == std::string_view::npos, "holds a zero byte, which no variable can");
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
}

void check_image(std::string_view text) {
  unless(!text.empty(), "is empty");
  unless(text.find("://") == std::string_view::npos, "is an address, not an image; leave out what ends in ://");
  unless(text.size() <= 255, "is longer than 255 bytes");
  try {
    parse_image_reference(text);
  } catch (const Error& e) {
    unless(false, "is not an image: " + e.fields().at(0).message);
  }
}

void check_capability(std::string_view text) {
  const auto known = split(capabilities, ' ');
  if (std::find(known.begin(), known.end(), text) != known.end()) return;
  std::string plain(text);
  for (char& c : plain) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (plain.starts_with("CAP_")) plain = plain.substr(4);
  const std::string near = nearest(plain, known);
  refuse(near.empty() ? "is not a Linux capability such as CHOWN"
                      : fmt::format("is not a Linux capability; did you mean '{}'?", near));
}

void check_mount_path(std::string_view text) {
  unless(text.starts_with('/'), "must be absolute, such as /data");
  unless(text != "/", "is the container's root, which cannot be a volume");
  const auto parts = split(text, '/');
  const bool walks = std::find(parts.begin(), parts.end(), "..") != parts.end();
  unless(!walks && text.find_first_of(":,") == std::string_view::npos && !has_control_characters(text),
         "must hold neither '..' nor ':', ',' or control characters");
}

void check_docker_host(std::string_view text) {
  if (text.starts_with("unix:///") && text.size() > 8 && printable_ascii(text)) return;
  unless(!text.starts_with("unix://"), "must name the socket with an absolute path: unix:///var/run/docker.sock");
  const auto scheme = text.substr(0, text.find("://"));
  const bool known = scheme == "tcp" || scheme == "http" || scheme == "https";
  unless(known && text.size() > scheme.size() + 3 && printable_ascii(text),
         "is not an address of Docker such as unix:///var/run/docker.sock or tcp://10.0.0.5:2376");
}

std::string parse_address(std::string_view text) { return by_model(parse_email, text).value(); }

std::string parse_mailbox(std::string_view text) {
  const auto open = text.find('<');
  if (open == std::string_view::npos) return parse_address(text);
  const std::string owner = trimmed(text.substr(0, open));
  const bool quotes = owner.find_first_of("<>\"\\") != std::string::npos;
  unless(text.ends_with('>') && !has_control_characters(owner) && !quotes, "must look like Shop <hello@shop.example>");
  const std::string address = parse_address(text.substr(open + 1, text.size() - open - 2));
  return owner.empty() ? address : fmt::format("{} <{}>", owner, address);
}

Config::Listen parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  const std::string_view address = colon == std::string_view::npos ? "" : text.substr(0, colon);
  const std::string_view number = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  Config::Listen listen;
  if (address.starts_with('[') && address.ends_with(']') && is_ip(address.substr(1, address.size() - 2), AF_INET6)) {
    listen.address = address.substr(1, address.size() - 2);
  } else {
    unless(is_ip(address, AF_INET) || address == "localhost",
           "is not an IP address and a port such as 127.0.0.1:8080 or 0.0.0.0:8080");
    listen.address = address == "localhost" ? "127.0.0.1" : address;
  }
  listen.port =
      number == "0" ? std::uint16_t{0} : static_cast<std::uint16_t>(std::get<std::uint64_t>(port().parse(number)));
  return listen;
}

}  // namespace

Type text() { return free_text(check_line); }

Type list(Type item) {
  item.kind = {.name = "list of text", .list = true, .late = item.kind.late, .free_text = true};
  return item;
}

Type argument() {
  Type type =
      free_text([](std::string_view text) { unless(text.find('\0') == std::string_view::npos, "holds a zero byte"); });
  type.kind.late = true;
  return type;
}

Type name() {
  return checked(shaped("name", "^[a-z0-9][a-z0-9_-]{0,62}$"), [](std::string_view text) {
    unless(!text.empty() && text.size() <= 63 && only(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") &&
               text.front() != '_' && text.front() != '-',
           "is not a name: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit");
  });
}

Type plan_name() {
  return free_text([](std::string_view text) {
    unless(!text.empty() && text.size() <= 63 && only(text, lower_digits_hyphen) && text.front() != '-' &&
               text.back() != '-',
           "is not a plan's name: 1 to 63 of a-z, 0-9 and inner hyphens");
  });
}

Type variable_name() {
  return free_text([](std::string_view text) {
    unless(!text.empty() && only(text, std::string(letters_).append(digits)) && only(text.substr(0, 1), letters_),
           "is not a variable's name: letters, digits and _, not beginning with a digit");
  });
}

Type env_template() {
  return checked({.name = "template", .form = Form::templated, .late = true, .free_text = true}, check_template);
}

Type image() { return free_text(check_image); }

Type health_path() {
  return free_text([](std::string_view text) {
    unless(text.starts_with('/'), "must begin with /, such as /healthz");
    unless(text.size() <= 255 && printable_ascii(text), "is not a path of printable characters without spaces");
  });
}

Type mount_path() { return free_text(check_mount_path); }

Type capability() { return free_text(check_capability); }

Type ipv4() {
  return checked(shaped("IPv4 address", R"(^$|^[0-9]+(\.[0-9]+){3}$)"), [](std::string_view text) {
    if (!text.empty()) check_ipv4(text);
  });
}

Type ipv4_or_auto() {
  return {shaped("IPv4 address or auto", R"(^auto$|^[0-9]+(\.[0-9]+){3}$)"), [](std::string_view text) {
            if (text == "auto") return std::string();
            check_ipv4(text);
            return std::string(text);
          }};
}

Type address_range() { return {{.name = "text", .free_text = true}, api::parse_address_range}; }

Type subnet() {
  return checked(shaped("subnet", "^[0-9.]+/[0-9]+$"), [](std::string_view text) {
    const auto slash = text.find('/');
    const std::string_view bits = slash == std::string_view::npos ? "" : text.substr(slash + 1);
    unless(is_ip(text.substr(0, slash), AF_INET) && !bits.empty() && bits.size() <= 2 && only(bits, digits) &&
               std::stoi(std::string(bits)) >= 8 && std::stoi(std::string(bits)) <= 29,
           "is not an IPv4 subnet such as 172.30.0.0/16");
  });
}

Type host() {
  return free_text([](std::string_view text) {
    const bool named = !text.empty() && text.size() <= 253 && text.front() != '-' && text.front() != '.' &&
                       only(lowered_ascii(text), "abcdefghijklmnopqrstuvwxyz0123456789-._");
    unless(named || is_ip(text, AF_INET6), "is not a host name or an IP address");
  });
}

Type origin() {
  return free_text([](std::string_view text) {
    const auto named = after_http(text);
    unless(text == "*" || (!named.empty() && printable_ascii(text) && named.find('/') == std::string_view::npos),
           "is not an origin such as https://shop.example, without a path");
  });
}

Type http_url() {
  return url([](std::string_view text) {
    const auto rest = after_http(text);
    unless(!rest.empty() && rest.front() != '/' && printable_ascii(text), "must begin with https:// and name a host");
  });
}

Type docker_host() { return url(check_docker_host); }

Type mail_address() { return {shaped("mail address", "@"), parse_address}; }

Type mailbox() { return {shaped("mail address with a name", "@"), parse_mailbox}; }

Type subdomain() {
  return {{.name = "text", .free_text = true},
          [](std::string_view text) { return by_model(parse_slug, text).value(); }};
}

// CloudFormation takes letters, digits and hyphens, and ECR's names are lower case.
Type stack_name() {
  return checked(shaped("name", "^[a-z][a-z0-9-]{0,31}$"), [](std::string_view text) {
    unless(!text.empty() && text.size() <= 32 && only(text.substr(0, 1), lower) && only(text, lower_digits_hyphen),
           "is not a stack's name: up to 32 of a-z, 0-9 and -, beginning with a letter");
  });
}

Type path() {
  return checked({.name = "path", .form = Form::path}, [](std::string_view) {});
}

Type secret() {
  return {{.name = "secret", .form = Form::secret}, [](std::string_view text) {
            unless(!text.empty(), "is empty");
            unless(text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos, "must be one line");
            return Secret(std::string(text));
          }};
}

Type database_url() {
  return {{.name = "secret", .form = Form::secret}, [](std::string_view text) {
            const bool postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
            unless(postgres && printable_ascii(text),
                   "must be a URL such as postgresql://admin:PASSWORD@127.0.0.1:5432/postgres");
            return Secret(std::string(text));
          }};
}

Type listen() { return {shaped("IP address and port", ":[0-9]+$"), parse_listen}; }

}  // namespace slipway::config
