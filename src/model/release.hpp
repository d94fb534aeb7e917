#pragma once
#include <string>
#include <string_view>

#include "model/app.hpp"

namespace slipway {

// What a customer runs: `app:` of slipway.yaml as it was when the release was made, and exactly the image that its name
// stood for. It never changes, and a tenant keeps its own until it is moved to another one.
struct Release {
  std::string id;      // "r_" and a hash of all that follows
  AppSpec app;         // without its display name, which is the product's
  std::string pinned;  // the image as the runtime takes no other for it ("shop@sha256:…"); else as in `app`
};

Release release_of(const AppSpec& app, const std::string& pinned);

// As one JSON document and back. Throws internal if it is torn, or made by a newer version in a way that matters.
std::string to_document(const Release& release);
Release release_from_document(std::string_view document);

}  // namespace slipway
