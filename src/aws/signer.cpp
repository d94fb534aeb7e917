#include "aws/signer.hpp"

#include <algorithm>

#include "base/crypto.hpp"
#include "base/text.hpp"

// Source of the rules: "Signature Version 4 signing process", AWS General Reference.
namespace slipway::aws {
namespace {

// "20150830T123600Z"
std::string amz_date(TimePoint t) {
  std::string text;
  for (const char c : to_rfc3339(t).substr(0, 19)) {
    if (c != '-' && c != ':') text += c;
  }
  return text + "Z";
}

// Each part encoded once more than it is on the wire, as every service but S3 wants it.
std::string canonical_path(const std::string& path, bool normalize) {
  std::vector<std::string> parts;
  for (auto& part : split(path.empty() ? "/" : path, '/')) {
    if (normalize && (part.empty() || part == ".")) continue;
    if (normalize && part == "..") {
      if (!parts.empty()) parts.pop_back();
      continue;
    }
    parts.push_back(net::url_encoded(part));
  }
  std::string out = normalize ? "/" : "";
  for (std::size_t i = 0; i < parts.size(); ++i) out += (i == 0 ? "" : "/") + parts[i];
  if (normalize && !parts.empty() && path.ends_with('/')) out += '/';
  return out;
}

// Sorted by encoded name, then by encoded value.
std::string canonical_query(const std::string& query) {
  if (query.empty()) return "";
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& pair : split(query, '&')) {
    const auto at = pair.find('=');
    const auto value = at == std::string::npos ? "" : pair.substr(at + 1);
    const auto encoded = [](const std::string& text) { return net::url_encoded(percent_decoded(text).value_or(text)); };
    pairs.emplace_back(encoded(pair.substr(0, at)), encoded(value));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

std::string collapsed(std::string_view value) {
  std::string out;
  for (const char c : trimmed(value)) {
    const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!space) out += c;
    if (space && !out.ends_with(' ')) out += ' ';
  }
  return out;
}

// What proxies and clients change on the way is not signed.
bool is_signed(std::string_view lower_name) {
  return lower_name != "authorization" && lower_name != "connection" && lower_name != "user-agent" &&
         lower_name != "expect" && lower_name != "transfer-encoding" && lower_name != "x-amzn-trace-id";
}

std::string scope_of(const SigningOptions& options, const std::string& day) {
  return fmt::format("{}/{}/{}/aws4_request", day, options.region, options.service);
}

}  // namespace

Secret SigningKeys::of(const Credentials& credentials, const SigningOptions& options, const std::string& day) {
  const auto scope = scope_of(options, day);
  std::lock_guard lock(mutex_);
  if (scope == scope_ && credentials.secret_access_key.reveal() == secret_.reveal()) return key_;
  Secret key("AWS4" + credentials.secret_access_key.reveal());
  for (const std::string_view part : {std::string_view(day), std::string_view(options.region),
                                      std::string_view(options.service), std::string_view("aws4_request")}) {
    key = Secret(hmac_sha256(key, part));
  }
  scope_ = scope;
  secret_ = credentials.secret_access_key;
  key_ = key;
  return key;
}

Signature sign(const SignableRequest& request, const Credentials& credentials, const SigningOptions& options,
               TimePoint now, SigningKeys& keys) {
  Signature result;
  const std::string time = amz_date(now);
  const std::string body_hash = to_hex(sha256(request.body));
  result.headers.emplace_back("X-Amz-Date", time);
  if (options.content_hash_header) result.headers.emplace_back("X-Amz-Content-Sha256", body_hash);
  const bool has_token = !credentials.session_token.empty();
  if (has_token && options.sign_session_token) {
    result.headers.emplace_back("X-Amz-Security-Token", credentials.session_token.reveal());
  }

  std::map<std::string, std::string> headers;  // of one name: the values joined in their order
  const auto take = [&](const net::Headers& list) {
    for (const auto& [name, value] : list) {
      const auto lower = lowered_ascii(name);
      if (!is_signed(lower)) continue;
      const auto [at, is_new] = headers.try_emplace(lower, collapsed(value));
      if (!is_new) at->second += "," + collapsed(value);
    }
  };
  take(request.headers);
  take(result.headers);

  std::string names;
  std::string lines;
  for (const auto& [name, value] : headers) {
    names += (names.empty() ? "" : ";") + name;
    lines.append(name).append(":").append(value).append("\n");
  }
  result.canonical_request =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(request.path, options.normalize_path),
                  canonical_query(request.query), lines, names, body_hash);
  const std::string day = time.substr(0, 8);
  const auto scope = scope_of(options, day);
  result.string_to_sign =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, to_hex(sha256(result.canonical_request)));

  result.signature = to_hex(hmac_sha256(keys.of(credentials, options, day), result.string_to_sign));
  result.headers.emplace_back("Authorization",
                              fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                                          credentials.access_key_id, scope, names, result.signature));
  if (has_token && !options.sign_session_token) {
    result.headers.emplace_back("X-Amz-Security-Token", credentials.session_token.reveal());
  }
  return result;
}

}  // namespace slipway::aws
