#include "jobs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http_get.hpp"
#include "page.hpp"
#include "settings.hpp"

using namespace automation;
using testing::HasSubstr;
using testing::Not;

namespace {

const NewJob kGood{"Ping", 60, "http-get", "http://example.com/up?x=1"};

NewJob with(const std::function<void(NewJob&)>& change) {
  NewJob job = kGood;
  change(job);
  return job;
}

}  // namespace

TEST(Jobs, AGoodJobHasNoProblem) {
  EXPECT_EQ(problem_with(kGood), std::nullopt);
  EXPECT_EQ(problem_with({"Nhắc việc", 86400, "note", "Gọi khách hàng"}), std::nullopt);
}

TEST(Jobs, EachFieldIsChecked) {
  EXPECT_THAT(*problem_with(with([](NewJob& j) { j.name = ""; })), HasSubstr("name"));
  EXPECT_THAT(*problem_with(with([](NewJob& j) { j.name = std::string(81, 'x'); })), HasSubstr("name"));
  EXPECT_THAT(*problem_with(with([](NewJob& j) { j.every_seconds = 0; })), HasSubstr("interval"));
  EXPECT_THAT(*problem_with(with([](NewJob& j) { j.every_seconds = kMaxEverySeconds + 1; })), HasSubstr("interval"));
  EXPECT_THAT(*problem_with(with([](NewJob& j) { j.action = "shell"; })), HasSubstr("action"));
  EXPECT_THAT(*problem_with(with([](NewJob& j) { j.target = "https://example.com"; })), HasSubstr("not https"));
  EXPECT_THAT(*problem_with(with([](NewJob& j) { j.target = "\xFF"; })), HasSubstr("characters"));
}

TEST(Url, TakenApart) {
  const auto url = parse_url("http://example.com:8080/a/b?c=d#e");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "example.com");
  EXPECT_EQ(url->port, "8080");
  EXPECT_EQ(url->target, "/a/b?c=d");
  EXPECT_EQ(parse_url("http://example.com")->target, "/");
  EXPECT_EQ(parse_url("http://example.com?x")->target, "/?x");
}

TEST(Url, RefusesWhatCouldSmuggleAHeader) {
  EXPECT_FALSE(parse_url("http://a/\r\nX: y"));
  EXPECT_FALSE(parse_url("http://a b/"));
  EXPECT_FALSE(parse_url("http://user@host/"));
  EXPECT_FALSE(parse_url("http://host:99999/"));
  EXPECT_FALSE(parse_url("http://:80/"));
  EXPECT_FALSE(parse_url("ftp://host/"));
}

TEST(Page, WhatPeopleTypedCannotBecomeMarkup) {
  const std::string evil = "</title><script>alert(1)</script>\"'";
  Settings settings;
  settings.company_name = evil;
  settings.tenant_id = evil;
  settings.subdomain = evil;
  Job job;
  static_cast<NewJob&>(job) = {evil, 5, "note", evil};
  job.runs.push_back({evil, 1, false, evil});
  const std::string page = render_page(settings, {job}, evil, {evil, 5, "note", evil});
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, Not(HasSubstr("\"'")));
}

TEST(Settings, SayWhatIsWrong) {
  const auto env = [](std::map<std::string, const char*> values) {
    return [values](const char* name) { return values.contains(name) ? values.at(name) : nullptr; };
  };
  EXPECT_EQ(read_settings(env({{"DATABASE_URL", "postgresql://x"}})).port, 8080);
  EXPECT_EQ(read_settings(env({{"DATABASE_URL", "postgresql://x"}, {"PORT", "81"}})).port, 81);
  EXPECT_THROW(read_settings(env({{"DATABASE_URL", "postgresql://x"}, {"PORT", "81x"}})), std::runtime_error);
  EXPECT_THROW(read_settings(env({{"DATABASE_URL", "postgresql://x"}, {"PORT", "0"}})), std::runtime_error);
  EXPECT_THROW(read_settings(env({})), std::runtime_error);
}
