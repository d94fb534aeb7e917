#include "base/template.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway {
namespace {

const TemplateValues values = {{"db.user", "u"}, {"company_name", "A {{ db.user }} <b>"}};

TEST(Template, ReplacesNamesOnce) {
  EXPECT_EQ(expand_template("{{db.user}}:{{ db.user }}", values), "u:u");
  EXPECT_EQ(expand_template("{{ company_name }}", values), "A {{ db.user }} <b>");
}

TEST(Template, EscapesValuesButNotItself) {
  EXPECT_EQ(expand_template("<p>{{ company_name }}</p>", values, html_escaped), "<p>A {{ db.user }} &lt;b&gt;</p>");
}

TEST(Template, NamesTheUnknownAndSuggests) {
  try {
    expand_template("{{ db.usr }}", values);
    FAIL() << "an unknown name was accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::invalid);
    EXPECT_STREQ(e.what(), "template: unknown name 'db.usr'; did you mean 'db.user'?");
  }
}

TEST(Template, RefusesBracesThatStayOpen) { EXPECT_THROW(expand_template("a {{ db.user", values), Error); }

}  // namespace
}  // namespace slipway
