#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "aws/client.hpp"
#include "aws/credentials.hpp"
#include "net/http.hpp"

// What AWS's answers mean. Pure functions.
namespace slipway::aws {

// `text` without the session token and the secret key, on one line, of a bounded length: what AWS says about a wrong
// signature repeats the signed headers.
std::string safe_text(std::string_view text, const Credentials& credentials);

// An answer with a status of 300 or more as an error: "ecs: RunTask: ClusterNotFoundException: Cluster not found."
// Retry-After becomes the error's retry_after().
ServiceError refusal(std::string_view service, std::string_view operation, const net::Response& answer,
                     const Credentials& credentials);

// Whether the same request may be sent again: throttled, or trouble of the service's own.
bool may_retry(const ServiceError& error);
// Throttled, so that the wait should be longer.
bool is_throttling(std::string_view code);
// The clocks differ too much, in whatever words the service has for it.
bool is_clock_skew(const ServiceError& error);
// The credentials were valid once and are not any more.
bool is_expired_credentials(std::string_view code);

// False where the answer has an X-Amz-Crc32 (DynamoDB) and the body has another.
bool crc32_agrees(const net::Response& answer);

// Throws internal, naming the service, where the text is not XML.
XmlElement parse_xml(const std::string& text, std::string_view whose);

}  // namespace slipway::aws
