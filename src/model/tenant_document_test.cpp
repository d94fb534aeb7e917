#include "base/error.hpp"
#include "base/json.hpp"
#include "model/tenant.hpp"

namespace slipway {
namespace {

Tenant full_tenant() {
  Tenant t;
  t.id = TenantId("t_01jdd2x8k40a1b2c3d4e");
  t.sign_up = {UserId("u-1"),          Slug("acme"),
               EmailAddress("a@b.cc"), CompanyName("Công ty \"Á\"\\"),
               PlanName("pro"),        {{"k", "v"}, {"ngôn ngữ", "vi"}}};
  t.created_at = TimePoint(Millis(1'000));
  t.updated_at = TimePoint(Millis(2'000));
  t.desired = Desired::suspended;
  t.image = "shop:1";
  t.restart_wanted = 3;
  t.status = Status::crash_loop;
  t.reason = "it ends";
  t.port = Port(20'001);
  t.refused_port = Port(20'002);
  t.database_made = t.database_closed = t.started = t.proven = t.instance_removed = t.database_dropped = true;
  t.instance_id = "abc";
  t.release = "r_1";
  t.fingerprint = "f1";
  t.upgrade = t.outdated = true;
  t.given = Plan{PlanName("pro"), 1u << 30, 0.25, 99, 7, Millis(1'500)};
  t.host = "203.0.113.9";
  t.url = "http://acme.shop.example";
  t.boots = 4;
  t.restart_done = 2;
  t.boot_at = TimePoint(Millis(3'000));
  t.first_ready_at = TimePoint(Millis(4'000));
  t.crashes = 7;
  t.failure = "given up";
  t.attempts[Step::probe] = {2, TimePoint(Millis(5)), TimePoint(Millis(6)), "refused"};
  t.mails.push_back({"welcome", "t/welcome/1", MailState::sent, 2, TimePoint(Millis(7)), TimePoint(Millis(8)),
                     TimePoint(Millis(9)), "id-1", "late", "why"});
  return t;
}

// The document is the only place where a row's content is written, so what it forgets is lost.
TEST(TenantDocument, KeepsEverything) {
  const Tenant before = full_tenant();
  const Tenant after = from_document(to_document(before));
  EXPECT_EQ(to_document(after), to_document(before));
  EXPECT_EQ(after.sign_up.company_name, before.sign_up.company_name);
  EXPECT_EQ(after.sign_up.metadata, before.sign_up.metadata);
  EXPECT_EQ(after.status, Status::crash_loop);
  EXPECT_EQ(after.desired, Desired::suspended);
  EXPECT_EQ(after.port, Port(20'001));
  EXPECT_EQ(after.refused_port, Port(20'002));
  EXPECT_EQ(after.first_ready_at, before.first_ready_at);
  EXPECT_EQ(after.attempts.find(Step::probe)->error, "refused");
  ASSERT_EQ(after.mails.size(), 1u);
  EXPECT_EQ(after.mails[0].state, MailState::sent);
  EXPECT_EQ(after.mails[0].sent_at, TimePoint(Millis(9)));
  EXPECT_EQ(after.mails[0].reason, "why");
  EXPECT_TRUE(after.instance_removed && after.database_dropped && after.proven && after.started && after.database_made);
  EXPECT_TRUE(after.database_closed);
  EXPECT_EQ(after.crashes, 7u);
  EXPECT_EQ(after.restart_wanted, 3u);
  EXPECT_EQ(after.restart_done, 2u);
  EXPECT_EQ(after.boot_at, before.boot_at);
  EXPECT_EQ(after.failure, "given up");
  EXPECT_EQ(after.instance_id, "abc");
  EXPECT_EQ(after.release + after.fingerprint, "r_1f1");
  EXPECT_TRUE(after.upgrade && after.outdated);
  EXPECT_EQ(after.given, before.given);
  EXPECT_EQ(after.host, "203.0.113.9");
  EXPECT_EQ(after.url, "http://acme.shop.example");
  EXPECT_EQ(after.boots, 4u);
}

TEST(TenantDocument, OfAFreshRowIsReadBack) {
  Tenant fresh;
  fresh.id = TenantId("t_01jdd2x8k40a1b2c3d4e");
  const Tenant after = from_document(to_document(fresh));
  EXPECT_EQ(after.port, std::nullopt);
  EXPECT_EQ(after.first_ready_at, std::nullopt);
  EXPECT_EQ(after.status, Status::provisioning);
}

std::string changed(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return text.replace(at, from.size(), to);
}

boost::json::object parsed(const std::string& document) { return parse_json(document, "test").as_object(); }

// While a newer version is rolled out, both write the same rows.
TEST(TenantDocument, KeepsWhatItDoesNotKnow) {
  boost::json::object newer = parsed(to_document(full_tenant()));
  newer["slots"] = {{"a", {{"state", "proven"}}}};
  newer["mails"].as_array()[0].as_object()["opened_at"] = 17;
  const boost::json::object tries{{"count", 3}, {"first_at", 4}, {"not_before", 5}, {"error", "down"}, {"slot", "a"}};
  newer["attempts"].as_object()["publish_route"] = tries;
  newer["attempts"].as_object()["start_instance/a"] = tries;
  Tenant t = from_document(boost::json::serialize(newer));
  EXPECT_EQ(t.status, Status::crash_loop);
  t.status = Status::active;
  t.attempts.erase(Step::probe);
  newer["status"] = "active";
  newer["attempts"].as_object().erase("probe");
  EXPECT_EQ(parsed(to_document(t)), newer);
}

TEST(TenantDocument, OfAWordThatIsUnknownIsShownAndWrittenAsItWas) {
  const std::string known = to_document(full_tenant());
  for (const auto& document : {
           changed(known, "\"crash_loop\"", "\"hibernating\""),
           changed(known, "\"suspended\"", "\"archived\""),
           changed(known, "\"sent\"", "\"bounced\""),
           changed(known, "\"probe\":{", "\"probe\":7,\"later\":{"),
           changed(known, "\"v\":1", "\"v\":2"),
       }) {
    const Tenant t = from_document(document);
    EXPECT_EQ(t.status, Status::unknown) << document;
    EXPECT_EQ(t.id, full_tenant().id);
    EXPECT_EQ(t.sign_up.slug, full_tenant().sign_up.slug);
    EXPECT_EQ(to_document(t), document);
  }
}

TEST(TenantDocument, OfTheFirstVersionIsRead) {
  const Tenant t = from_document(changed(to_document(full_tenant()), "\"v\":1,", ""));
  EXPECT_EQ(to_document(t), to_document(full_tenant()));
}

TEST(TenantDocument, RefusesWhatIsTornAndGuessesNothing) {
  const std::string head = R"({"desired":"running","status":"active",)";
  for (const char* member : {R"("port":65536})", R"("port":-1})", R"("mails":[1]})", R"("crashes":-1})"}) {
    EXPECT_THROW(from_document(head + member), Error) << member;
  }
  EXPECT_EQ(from_document(head + R"("port":65535})").port, Port(65'535));
}

TEST(TenantWords, AreTheSameBothWays) {
  for (int i = 0; i <= static_cast<int>(Status::deleted); ++i) {
    EXPECT_EQ(parse_status(to_string(static_cast<Status>(i))), static_cast<Status>(i));
  }
  for (int i = 0; i <= static_cast<int>(Step::finish); ++i) {
    EXPECT_EQ(parse_step(to_string(static_cast<Step>(i))), static_cast<Step>(i));
  }
}

}  // namespace
}  // namespace slipway
