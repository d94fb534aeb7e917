#include "base/error.hpp"
#include "contracts/idempotency.hpp"
#include "drivers/store/dynamodb/dynamo_store.hpp"
#include "drivers/store/dynamodb/keys.hpp"

// sign_up writes first and asks afterwards: nearly all sign-ups are new. What was there already makes the transaction
// fail; then the items that stood in its way are read and give the answer.
namespace slipway::dynamodb {
namespace {

// By its age, which those have too that a version wrote which let no key expire.
constexpr const char* unknown_key = "attribute_not_exists(#pk) OR #created_at <= :forgotten";

}  // namespace

std::vector<Write> DynamoStore::sign_up_writes(const NewTenant& wanted, const Tenant& tenant,
                                               const std::optional<Ports::Candidate>& port, const std::string& writer) {
  const SignUp& sign_up = tenant.sign_up;
  Timeline::End end = Timeline::fresh(wanted.event);
  std::vector<Write> events = timeline_.append(tenant.id, end, {wanted.event}, writer);
  std::vector<Write> writes{new_row(tenant, writer, port ? lease_name(port->port) : no_lease, end)};

  Write user{.subject = user_key(sign_up.user_id), .condition = "attribute_not_exists(#pk)"};
  user.subject["tenant_id"] = text(tenant.id.value());
  user.subject["live"] = flag(true);
  user.subject["writer"] = text(writer);
  if (wanted.key) {  // only with a new key may a user whose tenant was deleted come back
    user.condition += " OR #live = :gone";
    user.values = {{":gone", flag(false)}};
  }
  writes.push_back(std::move(user));

  Write slug{.subject = slug_key(sign_up.slug), .condition = "attribute_not_exists(#pk)"};
  slug.subject["tenant_id"] = text(tenant.id.value());
  writes.push_back(std::move(slug));

  for (Write& event : events) writes.push_back(std::move(event));
  if (wanted.key) writes.push_back(key_write(wanted, tenant.id, tenant.created_at, writer));
  if (const auto before = wanted.key ? unowned(*wanted.key) : std::nullopt) {
    writes.push_back({.kind = Write::Kind::check,
                      .subject = idempotency_key(*before),
                      .condition = unknown_key,
                      .values = {{":forgotten", moment(tenant.created_at - key_life)}}});
  }
  if (wanted.audit) writes.push_back(access_.entry_write(*wanted.audit, writer));
  if (port) writes.push_back(ports_.lease(*port, tenant.id, sign_up.user_id));
  return writes;
}

Write DynamoStore::key_write(const NewTenant& wanted, const TenantId& tenant, TimePoint now,
                             const std::string& writer) const {
  Write write{.subject = idempotency_key(*wanted.key), .condition = unknown_key};
  write.values = {{":forgotten", moment(now - key_life)}};
  write.subject["writer"] = text(writer);
  write.subject["body_hash"] = text(wanted.body_hash);
  write.subject["tenant_id"] = text(tenant.value());
  write.subject["created_at"] = moment(now);
  const auto end = std::chrono::duration_cast<std::chrono::seconds>((now + key_life).time_since_epoch());
  write.subject["expires"] = number(end.count());  // DynamoDB removes it within days of that
  return write;
}

SignUpResult DynamoStore::sign_up(const NewTenant& wanted, TimePoint now) {
  const std::string writer = table_.new_token();
  for (Table::Tries tries = table_.tries("sign up");; tries.again()) {
    Tenant tenant = wanted.tenant;
    tenant.version = 1;
    std::optional<Ports::Candidate> port;
    try {
      if (!ports_.range().empty()) port = ports_.candidate(now, tries.count());
    } catch (const Error& error) {
      // A repeat needs no port.
      if (error.kind() != ErrorKind::limited) throw;
      if (auto answer = answer_of(wanted, now, writer)) return *std::move(answer);
      throw;
    }
    if (port) tenant.port = port->port;
    const std::vector<Write> writes = sign_up_writes(wanted, tenant, port, writer);
    const Outcome outcome = table_.transact(writes);
    if (outcome.done) return Created{std::move(tenant)};
    if (auto answer = answer_of(wanted, now, writer)) return *std::move(answer);
    if (!outcome.failed.empty() && outcome.failed.front()) {
      throw Error(ErrorKind::conflict, "ledger: this tenant id is in use");
    }
  }
}

// What is already known of this sign-up; nothing where it may go ahead, or where it must be looked at again.
std::optional<SignUpResult> DynamoStore::answer_of(const NewTenant& wanted, TimePoint now, const std::string& writer) {
  const SignUp& sign_up = wanted.tenant.sign_up;
  std::vector<Item> keys{user_key(sign_up.user_id), slug_key(sign_up.slug)};
  const auto before = wanted.key ? unowned(*wanted.key) : std::nullopt;
  if (wanted.key) keys.push_back(idempotency_key(*wanted.key));
  if (before) keys.push_back(idempotency_key(*before));
  std::optional<Item> key, user, slug;
  for (const Item& item : table_.get_all(keys)) {
    const std::string sk = text_of(item, "sk");
    if (sk == "KEY" && moment_of(item, "created_at").value_or(now) <= now - key_life) continue;
    if (sk == "KEY" && key && text_of(item, "pk") == pk_of(*before)) continue;  // the owned one counts
    (sk == "KEY" ? key : sk == "USER" ? user : slug) = item;
  }
  if (key) {
    auto tenant = find(TenantId(text_of(*key, "tenant_id")));
    if (!tenant) throw Error(ErrorKind::internal, "ledger: an idempotency key names a tenant that is not there");
    if (text_of(*key, "body_hash") != wanted.body_hash) return other_body(tenant->sign_up, sign_up);
    // Ours, where an answer was lost and the request was sent again.
    if (text_of(*key, "writer") == writer && tenant->id == wanted.tenant.id) return Created{*std::move(tenant)};
    return Existing{*std::move(tenant)};
  }
  if (user) {
    if (flag_of(*user, "live")) return answer_of_user(wanted, *user, now, writer);
    if (!wanted.key) {
      return Refused{"userId", "this user's tenant was deleted; a new sign-up needs a new Idempotency-Key"};
    }
  }
  if (slug) {
    const auto holder = find(TenantId(text_of(*slug, "tenant_id")));
    // Items that are read together are not one moment: the same user's other request may have been between them.
    if (!holder || !is_live(*holder) || holder->sign_up.user_id == sign_up.user_id) return std::nullopt;
    return Refused{"subdomain", "this subdomain is taken"};
  }
  return std::nullopt;
}

std::optional<SignUpResult> DynamoStore::answer_of_user(const NewTenant& wanted, const Item& user, TimePoint now,
                                                        const std::string& writer) {
  auto tenant = find(TenantId(text_of(user, "tenant_id")));
  if (!tenant || !is_live(*tenant)) return std::nullopt;  // deleted between the two reads
  if (text_of(user, "writer") == writer) return Created{*std::move(tenant)};
  if (auto refused = other_content(tenant->sign_up, wanted.tenant.sign_up)) return *std::move(refused);
  if (wanted.key) {
    // The new key is bound to it too: its late repeat after a deletion must not make another.
    const Write still_live{.kind = Write::Kind::check,
                           .subject = user_key(wanted.tenant.sign_up.user_id),
                           .condition = "#tenant_id = :tenant AND #live = :live",
                           .values = {{":tenant", text(tenant->id.value())}, {":live", flag(true)}}};
    if (!table_.transact({key_write(wanted, tenant->id, now, writer), still_live}).done) return std::nullopt;
  }
  return Existing{*std::move(tenant)};
}

}  // namespace slipway::dynamodb
