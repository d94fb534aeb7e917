#include "config/secret.hpp"

#include <fmt/format.h>

#include <fstream>

#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway::config {

std::string read_file(const std::filesystem::path& file, std::size_t limit_bytes) {
  std::error_code ec;
  if (!std::filesystem::exists(file, ec)) throw Error(ErrorKind::not_found, fmt::format("no file {}", file.string()));
  if (std::filesystem::is_directory(file, ec)) {
    throw Error(ErrorKind::invalid, fmt::format("{} is a folder, not a file", file.string()));
  }
  std::ifstream in(file, std::ios::binary);
  std::string text;
  char piece[4096];
  while (text.size() <= limit_bytes && (in.read(piece, sizeof piece), in.gcount() > 0)) {
    text.append(piece, static_cast<std::size_t>(in.gcount()));
  }
  if (!in.is_open() || in.bad()) {
    throw Error(ErrorKind::invalid, fmt::format("cannot read {}; is it readable for this user?", file.string()));
  }
  if (text.size() > limit_bytes) {
    throw Error(ErrorKind::invalid, fmt::format("{} is larger than {} bytes", file.string(), limit_bytes));
  }
  return text;
}

std::string secret_from(const std::string& text, const std::filesystem::path& directory) {
  constexpr std::string_view marker = "file:";
  if (!text.starts_with(marker)) return text;
  const auto file = (directory / text.substr(marker.size())).lexically_normal();
  std::string secret;
  try {
    secret = read_file(file, 64u << 10);
  } catch (const Error& e) {
    throw Error(ErrorKind::invalid, fmt::format("cannot take the secret from its file: {}", e.message()));
  }
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.ends_with('\r')) secret.pop_back();
  if (secret.empty()) throw Error(ErrorKind::invalid, fmt::format("its file {} is empty", file.string()));
  return secret;
}

std::string quotable(std::string_view text) {
  constexpr std::size_t limit_bytes = 60;
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = 1;
    while (length < 4 && i + length < text.size() && (static_cast<unsigned char>(text[i + length]) & 0xC0) == 0x80) {
      ++length;
    }
    if (out.size() + length > limit_bytes) return out + "…";
    const std::string_view character = text.substr(i, length);
    if (has_control_characters(character)) {
      out += '?';
    } else {
      out += character;
    }
    i += length;
  }
  return out;
}

}  // namespace slipway::config
