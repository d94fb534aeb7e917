#include "model/names.hpp"

#include "base/error.hpp"

namespace slipway {
namespace {

template <class F>
std::string refused_field(F&& parse) {
  try {
    parse();
    return "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::invalid);
    return e.fields().empty() ? "no field" : e.fields().front().field;
  }
}

TEST(Slug, IsALowerCasedDnsLabel) {
  EXPECT_EQ(parse_slug("Acme").value(), "acme");
  EXPECT_EQ(parse_slug(" a-b ").value(), "a-b");
  EXPECT_NE(parse_slug("a-b"), parse_slug("ab"));
  EXPECT_EQ(parse_slug(std::string(63, 'a')).value().size(), 63u);
  for (const std::string bad : {"", "-a", "a-", "a_b", "a.b", "é", "a b", "a\n"}) {
    if (bad == "a\n") continue;  // trimmed like a form's input
    EXPECT_EQ(refused_field([&] { parse_slug(bad); }), "subdomain") << bad;
  }
  EXPECT_EQ(refused_field([] { parse_slug(std::string(64, 'a')); }), "subdomain");
}

TEST(Email, IsCheckedSensibly) {
  EXPECT_EQ(parse_email("Ann.O'Neil+x@Example.COM").value(), "Ann.O'Neil+x@example.com");
  for (const char* bad : {"", "ann", "@example.com", "ann@", "ann@localhost", "a b@example.com", "ann@exa mple.com",
                          "a..b@example.com", ".a@example.com", "ann@example.com\r\nBcc: x@y.z", "\"a\"@example.com",
                          "ann@-x.com", "ann@1.2.3.4", "a@b@example.com"}) {
    EXPECT_EQ(refused_field([&] { parse_email(bad); }), "admin_email") << bad;
  }
  EXPECT_EQ(refused_field([] { parse_email(std::string(65, 'a') + "@example.com"); }), "admin_email");
}

TEST(CompanyName, IsAnyTextOfABoundedLength) {
  EXPECT_EQ(parse_company_name("  Công ty <b>& \"Sons\"; DROP TABLE 🚢 ").value(),
            "Công ty <b>& \"Sons\"; DROP TABLE 🚢");
  std::string long_name;
  for (int i = 0; i < 120; ++i) long_name += "ế";
  EXPECT_EQ(parse_company_name(long_name).value(), long_name);
  for (const std::string& bad :
       std::vector<std::string>{"", "   ", long_name + "x", "a\nb", "a\rb", "\xff", std::string("a\0b", 3)}) {
    EXPECT_EQ(refused_field([&] { parse_company_name(bad); }), "company_name");
  }
}

// A name that looks empty, or like another company's, in a list, a mail and a log line.
TEST(CompanyName, CanBeSeen) {
  const auto refused = [](const std::string& name) {
    return refused_field([&] { parse_company_name(name); }) == "company_name";
  };
  const std::pair<std::int32_t, std::int32_t> ranges[] = {{0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2069},
                                                          {0x061C, 0x061C}, {0xFEFF, 0xFEFF}, {0x00AD, 0x00AD}};
  const auto utf8 = [](std::int32_t c) {
    const auto byte = [](std::int32_t value) { return static_cast<char>(value); };
    if (c < 0x800) return std::string{byte(0xC0 | (c >> 6)), byte(0x80 | (c & 0x3F))};
    return std::string{byte(0xE0 | (c >> 12)), byte(0x80 | ((c >> 6) & 0x3F)), byte(0x80 | (c & 0x3F))};
  };
  for (const auto& [first, last] : ranges) {
    for (std::int32_t c = first; c <= last; ++c) {
      for (const std::string& name : {utf8(c), utf8(c) + "Acme", "Ac" + utf8(c) + "me", "Acme" + utf8(c)}) {
        EXPECT_TRUE(refused(name)) << std::hex << c;
      }
    }
  }
  for (const std::int32_t blank : {0x00A0, 0x2003, 0x3000, 0x3164, 0x2800, 0xFE0F}) {
    EXPECT_TRUE(refused(utf8(blank) + " " + utf8(blank))) << std::hex << blank;
    EXPECT_FALSE(refused("A" + utf8(blank) + "B")) << std::hex << blank;
  }
  for (const char* name : {"شركة", "株式会社　山田", "Ελλάς ❤️", "हिन्दी", "a", "—"})
    EXPECT_FALSE(refused(name)) << name;
}

TEST(UserId, TakesWhatIdentityProvidersUse) {
  EXPECT_EQ(parse_user_id("auth0|5f7c:ab@x.y-z_1").value(), "auth0|5f7c:ab@x.y-z_1");
  for (const char* bad : {"", "a b", "a/b", "é"})
    EXPECT_EQ(refused_field([&] { parse_user_id(bad); }), "userId") << bad;
}

TEST(TenantIdText, IsStrict) {
  EXPECT_EQ(parse_tenant_id("t_01jdd2x8k40a1b2c3d4e").value(), "t_01jdd2x8k40a1b2c3d4e");
  for (const char* bad : {"", "t_", "t_01jdd2x8k40a1b2c3d4", "x_01jdd2x8k40a1b2c3d4e", "t_01jdd2x8k40a1b2c3d4;",
                          "t_../../../etc/passwd"}) {
    EXPECT_EQ(refused_field([&] { parse_tenant_id(bad); }), "tenantId") << bad;
  }
}

TEST(ResourceName, LeadsBackToItsTenantAndOnlyInItsInstallation) {
  const InstallationId ours("4k2x9q"), theirs("aaaaaa");
  const TenantId id("t_01jdd2x8k40a1b2c3d4e");
  const std::string name = resource_name(ours, id);
  EXPECT_EQ(name, "sw_4k2x9q_01jdd2x8k40a1b2c3d4e");
  EXPECT_EQ(tenant_of_resource(ours, name), id);
  EXPECT_EQ(tenant_of_resource(theirs, name), TenantId());
  EXPECT_EQ(tenant_of_resource(ours, name + "x"), TenantId());
  EXPECT_EQ(tenant_of_resource(ours, "postgres"), TenantId());
}

}  // namespace
}  // namespace slipway
