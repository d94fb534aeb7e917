#include "base/crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cstring>
#include <memory>

#include "base/error.hpp"

namespace slipway {
namespace {
const unsigned char* bytes_of(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }
unsigned char* bytes_of(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }

[[noreturn]] void fail(const char* what) { throw Error(ErrorKind::internal, std::string("OpenSSL has no ") + what); }

// These two are looked up once: OpenSSL takes longer to find an algorithm than to use it.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const found = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return found != nullptr ? found : (fail("SHA-256"), nullptr);
}

EVP_MAC_CTX* new_hmac_sha256() {
  EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* const context = EVP_MAC_CTX_new(hmac);
  EVP_MAC_free(hmac);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                   OSSL_PARAM_construct_end()};
  if (context == nullptr || EVP_MAC_CTX_set_params(context, parameters) != 1) fail("HMAC");
  return context;
}

struct FreeMac {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
}  // namespace

std::string sha256(std::string_view data) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  if (EVP_Digest(data.data(), data.size(), bytes_of(out), nullptr, sha256_algorithm(), nullptr) != 1) fail("SHA-256");
  return out;
}

std::string hmac_sha256(const Secret& key, std::string_view data) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  static EVP_MAC_CTX* const without_key = new_hmac_sha256();
  const std::unique_ptr<EVP_MAC_CTX, FreeMac> context(EVP_MAC_CTX_dup(without_key));
  const std::string& bytes = key.reveal();
  std::size_t size = 0;
  if (!context || EVP_MAC_init(context.get(), bytes_of(bytes), bytes.size(), nullptr) != 1 ||
      EVP_MAC_update(context.get(), bytes_of(data), data.size()) != 1 ||
      EVP_MAC_final(context.get(), bytes_of(out), &size, out.size()) != 1) {
    fail("HMAC");
  }
  return out;
}

std::string to_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string to_base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(bytes_of(out), bytes_of(bytes), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string to_base64url(std::string_view bytes) {
  std::string out = to_base64(bytes);
  while (!out.empty() && out.back() == '=') out.pop_back();
  for (char& c : out) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return out;
}

Secret new_key(Random& random) {
  std::string raw(32, '\0');
  for (std::size_t i = 0; i < raw.size(); i += 8) {
    const std::uint64_t value = random.next();
    std::memcpy(raw.data() + i, &value, 8);
  }
  return Secret(to_base64url(raw));
}

}  // namespace slipway
