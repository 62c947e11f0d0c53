#include "http/model_name.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace frpx::http {
namespace {

using state = model_finder::state;
using extent = model_finder::extent;

using naming = model_finder::naming;

state read(model_finder& finder, extent how_far, std::string_view body, std::size_t slice,
           naming by = naming::model) {
  finder.start(how_far, by);
  for (; !body.empty(); body.remove_prefix(std::min(slice, body.size()))) {
    if (finder.feed(body.substr(0, slice)) != state::reading) break;
  }
  return finder.finish();
}

std::string nested(std::size_t depth, std::string_view around = "[]") {
  return std::string(depth, around[0]) + std::string(depth, around[1]);
}

struct body_case {
  std::string body;
  std::string name;  // empty: unknown
};

TEST(model_finder, finds_the_name_wherever_it_stands) {
  const std::vector<body_case> cases = {
      {R"({"model":"m"})", "m"},
      {R"( { "stream" : true , "model" : "qwen2.5:7b" } )", "qwen2.5:7b"},
      {R"({"messages":[{"model":"inner"}],"options":{"model":"inner"},"model":"m"})", "m"},
      {R"({"model":"first","model":"second"})", "first"},
      {R"({"Model":"other","model":"m"})", "m"},
      {R"({"mode":"x","models":"y","xmodel":"z","model":"m"})", "m"},
      {R"({"\u006dod\u0065l":"\u006d\"\n\u00e9"})", "m\"\n\xc3\xa9"},
      {R"({"n":-1.5e3,"b":false,"z":null,"u":18446744073709551615,"model":"m"})", "m"},
      {R"({"model":"m", and then rubbish)", "m"},
      {R"({"deep":)" + nested(255) + R"(,"model":"m"})", "m"},
      {R"({"model":")" + std::string(256, 'n') + "\"}", std::string(256, 'n')},
      {R"({"model":")" + std::string(257, 'n') + "\"}", ""},
      {R"({"deep":)" + nested(256) + R"(,"model":"m"})", ""},
      {"{}", ""},
      {"", ""},
      {"   ", ""},
      {R"({"model":"m)", ""},
      {R"({"model":1})", ""},
      {R"({"model":null,"model":"m"})", ""},
      {R"({"model":{"model":"m"}})", ""},
      {R"({"model":["m"]})", ""},
      {R"({"model":""})", ""},
      {R"({"model":true})", ""},
      {R"({"Model":"m"})", ""},
      {R"([{"model":"m"}])", ""},
      {R"("model")", ""},
      {"1", ""},
      {R"({'model':'m'})", ""},
      {R"({"model":"\xff"})", ""},
      {"{\"model\":\"\xff\"}", ""},
      {R"({"a":"x}{","model":"m"})", "m"},
  };
  model_finder finder;  // one for all: it must be as new each time
  for (const body_case& row : cases) {
    for (const std::size_t slice : {1u, 2u, 3u, 5u, 100000u}) {
      const state s = read(finder, extent::first, row.body, slice);
      EXPECT_EQ(s, row.name.empty() ? state::unknown : state::found) << row.body;
      EXPECT_EQ(finder.name(), row.name) << row.body;
    }
  }
}

TEST(model_finder, stops_as_soon_as_it_knows) {
  model_finder finder;
  EXPECT_EQ(finder.feed(R"({"model":"m)"), state::reading);
  EXPECT_TRUE(finder.name().empty());
  EXPECT_EQ(finder.feed("\""), state::found);
  EXPECT_EQ(finder.feed("\xff\xff"), state::found);
  EXPECT_EQ(finder.name(), "m");
  finder.start();
  EXPECT_EQ(finder.feed("["), state::unknown);
}

struct whole_case {
  std::string body;
  std::string name;
  bool ambiguous = false;
};

TEST(model_finder, reports_a_second_name_when_it_reads_the_whole) {
  const std::vector<whole_case> cases = {
      {R"({"model":"m","x":1})", "m"},
      {R"({"x":{"model":"a"},"model":"m","y":[{"MODEL":"b"}]} )", "m"},
      {R"({"model":"m","model":"n"})", "m", true},
      {R"({"model":"m","x":1,"model":"m"})", "m", true},
      {R"({"model":"m","MODEL":"n"})", "m", true},
      {R"({"Model":"n","model":"m"})", "m", true},
      {R"({"model":"m","\u004dodel":7})", "m", true},
      {R"({"Model":"m"})", "", true},
      {R"({"model":"m"} x)", ""},
      {R"({"model":"m"}{"model":"n"})", ""},
      {R"({"model":"m")", ""},
      {R"({"model":"m",})", ""},
  };
  model_finder finder;
  for (const whole_case& row : cases) {
    for (const std::size_t slice : {1u, 2u, 3u, 100000u}) {
      const state s = read(finder, extent::whole, row.body, slice);
      EXPECT_EQ(s, row.name.empty() ? state::unknown : state::found) << row.body;
      EXPECT_EQ(finder.name(), row.name) << row.body;
      if (s == state::found || row.ambiguous) {
        EXPECT_EQ(finder.ambiguous(), row.ambiguous) << row.body;
      }
    }
  }
}

TEST(model_finder, reports_members_for_further_models) {
  model_finder finder;
  for (const std::string body :
       {R"({"model":"m","models":["n"]})", R"({"fallbacks":["n"],"model":"m"})",
        R"({"model":"m","MODELS":null})", R"({"model":"m","f\u0061llbacks":1})"}) {
    for (const std::size_t slice : {1u, 3u, 100000u}) {
      EXPECT_EQ(read(finder, extent::whole, body, slice), state::found) << body;
      EXPECT_TRUE(finder.names_more()) << body;
      EXPECT_FALSE(finder.ambiguous()) << body;
    }
  }
  for (const std::string body : {R"({"model":"m","x":{"models":["n"]}})",
                                 R"({"model":"m","models_":1,"fallback":1,"xmodels":1})"}) {
    EXPECT_EQ(read(finder, extent::whole, body, 100), state::found) << body;
    EXPECT_FALSE(finder.names_more()) << body;
  }
}

TEST(model_finder, takes_the_older_member_where_that_names_the_model) {
  struct row {
    std::string body;
    std::string name;
    bool ambiguous = false;
  };
  const std::vector<row> cases = {
      {R"({"name":"m"})", "m"},
      {R"({"verbose":true,"name":"m","x":[{"name":"n"}]})", "m"},
      {R"({"n\u0061me":"m"})", "m"},
      {R"({"model":"m"})", "m"},
      {R"({"name":"n","model":"m"})", "m", true},
      {R"({"model":"m","name":"n"})", "m", true},
      {R"({"model":"","name":"n"})", "n", true},
      {R"({"name":"n","model":""})", "n", true},
      {R"({"name":"n","name":"o"})", "n", true},
      {R"({"name":"m","Name":"n"})", "m", true},
      {R"({"Name":"n"})", "", true},
      {R"({"name":""})", ""},
      {R"({"name":7})", ""},
      {R"({"name":"m")", ""},
      {R"({"a":{"name":"m"}})", ""},
      {R"({"names":"m"})", ""},
  };
  model_finder finder;
  for (const row& each : cases) {
    for (const std::size_t slice : {1u, 2u, 3u, 100000u}) {
      for (const extent how_far : {extent::first, extent::whole}) {
        const state s = read(finder, how_far, each.body, slice, naming::model_or_name);
        EXPECT_EQ(s, each.name.empty() ? state::unknown : state::found) << each.body;
        EXPECT_EQ(finder.name(), each.name) << each.body;
      }
      if (!each.name.empty()) EXPECT_EQ(finder.ambiguous(), each.ambiguous) << each.body;
    }
    EXPECT_EQ(read(finder, extent::first, R"({"name":"m"})", 100), state::unknown)
        << "elsewhere that member is nothing";
  }
  finder.start(extent::first, naming::model_or_name);
  EXPECT_EQ(finder.feed(R"({"name":"n",)"), state::reading) << "a `model` may come";
  EXPECT_EQ(finder.feed(R"("model":"m")"), state::found);
  EXPECT_EQ(finder.name(), "m");
}

}  // namespace
}  // namespace frpx::http
