#include "deploy/aws/zip.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <cstdint>
#include <limits>

#include "base/error.hpp"

// The format: APPNOTE.TXT of PKWARE, sections 4.3.7 (local header), 4.3.12 (central directory) and 4.3.16 (its end).
namespace slipway::deploy {
namespace {

constexpr std::uint16_t version_needed = 20;                     // deflate
constexpr std::uint16_t version_made_by = (3u << 8) | 20;        // Unix, whose modes follow
constexpr std::uint16_t no_time = 0, first_day = (1u << 5) | 1;  // 1980-01-01
constexpr std::uint32_t regular_file = 0100000;

void put16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value & 0xff);
  out += static_cast<char>(value >> 8);
}

void put32(std::string& out, std::uint32_t value) {
  put16(out, static_cast<std::uint16_t>(value & 0xffff));
  put16(out, static_cast<std::uint16_t>(value >> 16));
}

std::uint32_t size32(std::size_t size) {
  if (size >= std::numeric_limits<std::uint32_t>::max()) throw Error(ErrorKind::invalid, "a zip takes less than 4 GiB");
  return static_cast<std::uint32_t>(size);
}

std::string deflated(const std::string& content) {
  z_stream stream{};
  // Negative window bits: no zlib header, as a zip wants it.
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw Error(ErrorKind::internal, "zlib does not start");
  }
  std::string out(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = size32(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = size32(out.size());
  const int status = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) throw Error(ErrorKind::internal, fmt::format("zlib ended with {}", status));
  return out;
}

struct Facts {
  std::uint32_t crc = 0, packed = 0, plain = 0, offset = 0;
};

// What a local header and its entry in the directory have in common.
void put_facts(std::string& out, const Facts& facts, const std::string& name) {
  put16(out, version_needed);
  put16(out, 0);  // flags
  put16(out, Z_DEFLATED);
  put16(out, no_time);
  put16(out, first_day);
  put32(out, facts.crc);
  put32(out, facts.packed);
  put32(out, facts.plain);
  put16(out, static_cast<std::uint16_t>(name.size()));
  put16(out, 0);  // extra field
}

}  // namespace

std::string zip(const std::vector<ZipEntry>& entries) {
  std::string out;
  std::string directory;
  for (const ZipEntry& entry : entries) {
    const std::string packed = deflated(entry.content);
    Facts facts;
    const auto* bytes = reinterpret_cast<const Bytef*>(entry.content.data());
    facts.crc = static_cast<std::uint32_t>(crc32(0, bytes, size32(entry.content.size())));
    facts.packed = size32(packed.size());
    facts.plain = size32(entry.content.size());
    facts.offset = size32(out.size());
    put32(out, 0x04034b50);
    put_facts(out, facts, entry.name);
    out += entry.name;
    out += packed;

    put32(directory, 0x02014b50);
    put16(directory, version_made_by);
    put_facts(directory, facts, entry.name);
    put16(directory, 0);  // comment
    put16(directory, 0);  // disk
    put16(directory, 0);  // internal attributes
    put32(directory, (regular_file | (entry.executable ? 0755u : 0644u)) << 16);
    put32(directory, facts.offset);
    directory += entry.name;
  }
  const std::uint32_t directory_at = size32(out.size());
  out += directory;
  put32(out, 0x06054b50);
  put32(out, 0);  // disks
  put16(out, static_cast<std::uint16_t>(entries.size()));
  put16(out, static_cast<std::uint16_t>(entries.size()));
  put32(out, size32(directory.size()));
  put32(out, directory_at);
  put16(out, 0);  // comment
  return out;
}

}  // namespace slipway::deploy
