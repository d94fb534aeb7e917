#include "deploy/aws/registry.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace slipway::deploy {
namespace {

ErrorKind kind_of(int status) {
  if (status == 401) return ErrorKind::unauthorized;
  if (status == 403) return ErrorKind::forbidden;
  if (status == 404) return ErrorKind::not_found;
  return status >= 500 || status == 429 ? ErrorKind::unavailable : ErrorKind::internal;
}

}  // namespace

Registry::Registry(const std::string& url, Secret basic)
    : url_(url), basic_(std::move(basic)), http_(net::Endpoint{url, {}, {}, {}, {}}) {}

net::Response Registry::send(const std::string& method, const std::string& target, net::Headers headers,
                             std::string body) {
  net::ClientRequest request;
  request.method = method;
  request.target = target;
  request.headers = std::move(headers);
  request.body = std::move(body);
  request.timeout = Millis(300'000);  // a blob over a slow line
  if (!basic_.empty()) request.headers.emplace_back("Authorization", "Basic " + basic_.reveal());
  const net::Response response = http_.send(request);
  if (response.status >= 300 && response.status != 404) {
    throw Error(kind_of(response.status), fmt::format("registry {}: {} {}: status {}: {}", url_, method, target,
                                                      response.status, response.body.substr(0, 300)));
  }
  return response;
}

bool Registry::has(const std::string& repository, const std::string& reference) {
  return send("HEAD", fmt::format("/v2/{}/manifests/{}", repository, reference),
              {{"Accept", std::string(manifest_type)}})
             .status == 200;
}

void Registry::push_blob(const std::string& repository, const Blob& blob) {
  if (send("HEAD", fmt::format("/v2/{}/blobs/{}", repository, blob.digest)).status == 200) return;
  const net::Response begun = send("POST", fmt::format("/v2/{}/blobs/uploads/", repository));
  std::string place = net::header(begun.headers, "Location");
  if (begun.status != 202 || place.empty()) {
    throw Error(kind_of(begun.status),
                fmt::format("registry {}: there is no repository {}: status {}", url_, repository, begun.status));
  }
  // Absolute or not, as the registry likes.
  if (const auto scheme = place.find("://"); scheme != std::string::npos) {
    const auto path = place.find('/', scheme + 3);
    place = path == std::string::npos ? "/" : place.substr(path);
  }
  place += fmt::format("{}digest={}", place.find('?') == std::string::npos ? '?' : '&', net::url_encoded(blob.digest));
  send("PUT", place, {{"Content-Type", "application/octet-stream"}}, blob.content);
}

void Registry::push(const std::string& repository, const Image& image, const std::string& tag) {
  push_blob(repository, image.layer);
  push_blob(repository, image.config);
  const net::Response put = send("PUT", fmt::format("/v2/{}/manifests/{}", repository, tag),
                                 {{"Content-Type", std::string(manifest_type)}}, image.manifest.content);
  if (put.status != 201) {
    throw Error(kind_of(put.status), fmt::format("registry {}: the manifest was answered with {}", url_, put.status));
  }
}

}  // namespace slipway::deploy
