#include "aws/credential_sources.hpp"

#include <boost/asio/ip/address.hpp>

#include "base/text.hpp"
#include "net/endpoint.hpp"
#include "net/http_client.hpp"

namespace slipway::aws {
namespace {

constexpr Millis container_timeout{2'000};
constexpr Millis instance_timeout{1'000};
constexpr std::string_view container_host = "http://169.254.170.2";

net::Response get(const std::string& base, const std::string& target, net::Headers headers, Millis timeout,
                  const std::string& method = "GET") {
  net::HttpClient client({.url = base}, 1u << 20);
  net::ClientRequest request;
  request.method = method;
  request.target = target;
  request.headers = std::move(headers);
  request.timeout = timeout;
  return client.send(request);
}

boost::json::object object_of(const net::Response& answer, std::string_view source) {
  if (answer.status != 200) {
    throw Error(ErrorKind::unavailable, fmt::format("{}: answered with status {}", source, answer.status));
  }
  auto value = parse_json(answer.body, source);
  if (!value.is_object()) throw Error(ErrorKind::internal, fmt::format("{}: its answer is no JSON object", source));
  return std::move(value.get_object());
}

bool may_be_asked(const net::Target& target) {
  if (target.tls || target.host == "localhost") return true;
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(target.host, ec);
  if (ec) return false;
  return address.is_loopback() || target.host == "169.254.170.2" || target.host == "169.254.170.23" ||
         address == boost::asio::ip::make_address("fd00:ec2::23");
}

std::string authorization_of_container(const Surroundings& around) {
  auto token = around.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const auto path = around.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !path.empty()) {
    const auto text = around.read_file(path);
    if (!text) {
      throw Error(ErrorKind::unauthorized,
                  fmt::format("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: cannot read '{}'", path));
    }
    token = trimmed(*text);
  }
  if (has_control_characters(token)) {
    throw Error(ErrorKind::unauthorized, "the container's authorization token holds a line break");
  }
  return token;
}

// The instance's metadata service, version 2: a token first, which a forwarded request cannot get.
class Metadata {
 public:
  explicit Metadata(const Surroundings& around) : base_(around.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")) {
    const bool ipv6 = lowered_ascii(around.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")) == "ipv6";
    if (base_.empty()) base_ = ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    token_ = Secret(
        get(base_, "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}}, instance_timeout, "PUT")
            .body);
  }
  net::Response at(const std::string& path) const {
    return get(base_, "/latest/" + path, {{"X-aws-ec2-metadata-token", token_.reveal()}}, instance_timeout);
  }

 private:
  std::string base_;
  Secret token_;
};

bool metadata_is_off(const Surroundings& around) {
  return lowered_ascii(around.variable("AWS_EC2_METADATA_DISABLED")) == "true";
}

}  // namespace

Credentials credentials_from_json(const boost::json::object& answer, std::string_view source) {
  Credentials credentials;
  credentials.access_key_id = string_at(answer, "AccessKeyId");
  credentials.secret_access_key = Secret(string_at(answer, "SecretAccessKey"));
  auto token = string_at(answer, "Token");
  if (token.empty()) token = string_at(answer, "SessionToken");
  credentials.session_token = Secret(token);
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    throw Error(ErrorKind::unavailable, fmt::format("{}: its answer holds no AccessKeyId and SecretAccessKey", source));
  }
  const auto expiration = string_at(answer, "Expiration");
  credentials.expires_at = parse_rfc3339(expiration);
  if (!expiration.empty() && !credentials.expires_at) {
    throw Error(ErrorKind::unavailable, fmt::format("{}: its Expiration is not a time of ISO 8601", source));
  }
  return credentials;
}

Asked from_environment(const Surroundings& around) {
  const auto id = around.variable("AWS_ACCESS_KEY_ID");
  const auto secret = around.variable("AWS_SECRET_ACCESS_KEY");
  if (id.empty()) return {std::nullopt, "AWS_ACCESS_KEY_ID is not set"};
  if (secret.empty()) throw Error(ErrorKind::unauthorized, "AWS_ACCESS_KEY_ID is set, but not AWS_SECRET_ACCESS_KEY");
  return {Credentials{id, Secret(secret), Secret(around.variable("AWS_SESSION_TOKEN")), std::nullopt}, ""};
}

Asked from_container(const Surroundings& around) {
  const auto relative = around.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const auto full = around.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (relative.empty() && full.empty()) return {std::nullopt, "AWS_CONTAINER_CREDENTIALS_*_URI is not set"};
  std::string base(container_host);
  std::string path = relative;
  if (relative.empty()) {
    const auto after_scheme = full.find("://");
    const auto slash = after_scheme == std::string::npos ? full.npos : full.find('/', after_scheme + 3);
    base = full.substr(0, slash);
    path = slash == std::string::npos ? "/" : full.substr(slash);
    const auto target = net::parse_endpoint(base);
    if (!may_be_asked(target)) {
      throw Error(
          ErrorKind::unauthorized,
          fmt::format("AWS_CONTAINER_CREDENTIALS_FULL_URI: '{}' is not asked; only https, loopback, 169.254.170.2, "
                      "169.254.170.23 and fd00:ec2::23 are",
                      target.shown));
    }
  } else if (!relative.starts_with('/')) {
    throw Error(ErrorKind::unauthorized, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with '/'");
  }
  net::Headers headers;
  if (auto token = authorization_of_container(around); !token.empty()) headers.emplace_back("Authorization", token);
  const auto answer = get(base, path, std::move(headers), container_timeout);
  return {credentials_from_json(object_of(answer, "the container's credentials"), "the container's credentials"), ""};
}

Asked from_instance(const Surroundings& around) {
  if (metadata_is_off(around)) return {std::nullopt, "AWS_EC2_METADATA_DISABLED is set"};
  constexpr std::string_view source = "the EC2 instance's metadata";
  try {
    const Metadata metadata(around);
    const auto role = metadata.at("meta-data/iam/security-credentials/");
    const auto name = trimmed(role.body.substr(0, role.body.find('\n')));
    if (role.status != 200 || name.empty()) return {std::nullopt, "this EC2 instance has no role"};
    const auto answer = metadata.at("meta-data/iam/security-credentials/" + net::url_encoded(name));
    return {credentials_from_json(object_of(answer, source), source), ""};
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::unavailable) return {std::nullopt, fmt::format("not on EC2 ({})", e.message())};
    throw;
  }
}

std::string instance_metadata(const Surroundings& around, const std::string& path) {
  if (metadata_is_off(around)) return "";
  try {
    const auto answer = Metadata(around).at("meta-data/" + path);
    return answer.status == 200 ? trimmed(answer.body) : "";
  } catch (const Error&) {
    return "";  // nobody answers there: this is no EC2 instance
  }
}

}  // namespace slipway::aws
