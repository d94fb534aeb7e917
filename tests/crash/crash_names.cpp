#include "tests/crash/crash_names.hpp"

#include <array>
#include <cctype>

namespace crash {
namespace {

bool is_hex(std::string_view text) {
  for (const char c : text) {
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return false;
  }
  return !text.empty();
}

// "/v1.41/containers/3f…/start?t=1" becomes "/containers/ID/start".
std::string plain_path(std::string_view path) {
  path = path.substr(0, path.find('?'));
  std::string plain;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(part.size());
    const bool version = part.size() > 2 && part[0] == 'v' && std::isdigit(static_cast<unsigned char>(part[1])) != 0;
    if (version && plain.empty()) continue;
    plain += '/';
    plain += (part.size() == 64 && is_hex(part)) || part.starts_with("sw_") ? std::string_view("ID") : part;
  }
  return plain;
}

std::string name_of_request(std::string_view method, std::string_view bytes) {
  const std::string_view path = bytes.substr(method.size() + 1, bytes.find(' ', method.size() + 1) - method.size() - 1);
  const std::string plain = plain_path(path);
  // Docker is asked only for what can be seen; the app is asked whether it is ready.
  if (method == "GET") return plain == "/" || plain.empty() ? "probe" : "";
  return "docker " + std::string(method) + " " + plain;
}

// The first of these that a statement holds says what it is for.
std::string name_of_statement(std::string_view sql) {
  constexpr std::array<std::string_view, 8> known = {"CREATE ROLE",      "CREATE DATABASE",   "ALTER ROLE",
                                                     "DROP DATABASE",    "DROP ROLE",         "GRANT",
                                                     "pg_advisory_lock", "pg_advisory_unlock"};
  for (const std::string_view name : known) {
    if (sql.find(name) != std::string_view::npos) return "postgres " + std::string(name);
  }
  return "";
}

}  // namespace

std::string name_of_sent(std::string_view bytes) {
  constexpr std::array<std::string_view, 4> methods = {"GET", "POST", "DELETE", "PUT"};
  for (const std::string_view method : methods) {
    if (bytes.starts_with(method) && bytes.substr(method.size()).starts_with(" /"))
      return name_of_request(method, bytes);
  }
  if (bytes.starts_with("HTTP/1.1 ")) return "api answer " + std::string(bytes.substr(9, 3));
  // A simple query of Postgres' protocol: its kind, four bytes of length, the text.
  if (bytes.size() > 5 && bytes[0] == 'Q') return name_of_statement(bytes.substr(5));
  return "";
}

}  // namespace crash
