#pragma once
#include "engine/settings.hpp"

namespace slipway::sim {

constexpr Millis longest_freeze{100'000};  // of a process that goes on afterwards as if nothing had been

// Patient for minutes where the real one is patient for hours, so that a run is short.
inline Settings settings() {
  Settings s;
  s.app.image = "shop:1";
  s.app.health_path = "/healthz";
  s.app.env = {{"DATABASE_URL", "{{ db.url }}"}};
  s.app.volumes = {{"data", "/data"}};
  s.plans["default"] = Plan{};
  s.access.domain = "localhost";
  s.mail.from = "shop@example.com";
  s.mail.operator_address = "ops@example.com";
  s.mail.templates["en/welcome"] = {"Welcome, {{ company_name }}", "Here it is: {{ url }}", "<p>{{ url }}</p>"};
  s.mail.templates["en/operator_failure"] = {"{{ subdomain }} failed", "Why: {{ reason }}", "<p>{{ reason }}</p>"};
  s.mail.templates["en/operator_waiting"] = {"{{ subdomain }} waits", "Why: {{ reason }}", "<p>{{ reason }}</p>"};
  s.boots_at_once = 2;
  s.policy.restart.cap = Millis(60'000);
  s.policy.mail.cap = Millis(60'000);
  s.orphan_grace = Millis(300'000);
  return s;
}

}  // namespace slipway::sim
