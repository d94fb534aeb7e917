#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "model/attempts.hpp"
#include "model/facts.hpp"
#include "model/names.hpp"
#include "model/reason.hpp"

namespace slipway {

// What the operator or the customer wants of a tenant.
enum class Desired { running, suspended, deleted };

// What is true of a tenant, in the words everyone sees. `failing` takes back what a provisioning made before it failed.
// `unknown`: the row was written by a newer version, in words that this one does not know. It is shown, and neither
// worked on nor written.
enum class Status {
  provisioning,
  active,
  restarting,
  healing,
  crash_loop,
  suspending,
  suspended,
  resuming,
  failing,
  failed,
  deleting,
  deleted,
  unknown
};

std::string_view to_string(Desired desired);
std::string_view to_string(Status status);
std::optional<Desired> parse_desired(std::string_view text);
std::optional<Status> parse_status(std::string_view text);

enum class MailState { pending, sent, failed };

// One mail to be sent once: the durable outbox of a tenant. `key` never changes, so that a provider can tell a repeat.
struct Mail {
  std::string purpose;  // "welcome", "operator_failure"
  std::string key;      // "<tenant id>/<purpose>/<n>"
  MailState state = MailState::pending;
  unsigned attempts = 0;
  TimePoint first_at;
  TimePoint not_before;
  std::optional<TimePoint> sent_at;
  std::string provider_id;
  std::string error;
  std::string reason;  // why the mail is owed, for its text: as it was then, so that every try has the same text
  std::string extra;   // as Tenant's
};

std::string_view to_string(MailState state);

// A sign-up as it was accepted: who the tenant is. It never changes afterwards.
struct SignUp {
  UserId user_id;
  Slug slug;
  EmailAddress admin_email;
  CompanyName company_name;
  PlanName plan;
  std::map<std::string, std::string> metadata;  // at most 16 pairs
};

// One row of the ledger: what is wanted of a tenant and what has been done for it.
struct Tenant : Facts {
  TenantId id;
  SignUp sign_up;
  TimePoint created_at;
  TimePoint updated_at;

  // Wanted. Written by requests.
  Desired desired = Desired::running;
  std::string image;                 // the name of what it runs, or signed up for
  std::uint32_t restart_wanted = 0;  // a counter: a restart is owed while it is ahead of restart_done

  // Shown.
  Status status = Status::provisioning;
  std::string reason;  // why it is not active, in words for operators; empty when all is well
  ReasonCode reason_code = ReasonCode::internal;  // the kind of `reason`, for everyone else

  // Tried. Written by the engine, and forgotten where a request begins anew.
  unsigned crashes = 0;  // exits in a row that were not asked for
  Attempts attempts;
  std::vector<Mail> mails;

  // Members of the document that this version does not know, as one JSON object: kept through a save. Empty: none.
  std::string extra;

  // The ledger's.
  std::uint64_t version = 0;        // compare-and-set
  std::optional<TimePoint> due_at;  // when reconcile is owed next; nothing: only an event can change it
};

// Whether a mail is to be sent once its time has come: none goes to the customer before the URL was proven.
bool is_owed(const Mail& mail, const Tenant& tenant);

const Mail* find_mail(const Tenant& tenant, std::string_view purpose);

// The first try of the oldest mail that was tried and is still to be sent; nothing where no mail is owed.
std::optional<TimePoint> mail_owed_since(const Tenant& tenant);

// True once nothing more will happen by itself that a waiting client cares about.
bool is_settled(const Tenant& tenant);

// The row as one JSON document and back. Absent members take their default and unknown ones are kept. A document of a
// later format, or one with a word that is unknown (a status, say), gives a tenant whose status is `unknown`. Throws
// internal where it is torn.
std::string to_document(const Tenant& tenant);
Tenant from_document(std::string_view document);

// One line of a tenant's timeline.
struct Event {
  std::uint64_t seq = 0;  // given by the ledger; ascending
  TimePoint at;
  std::string kind;     // "signed_up", "step", "error", "status", "progress", "request"
  std::string step;     // of kinds step, error and progress
  std::string message;  // in words, fit for the customer's operator; never a secret
  std::optional<Millis> duration;
};

}  // namespace slipway
