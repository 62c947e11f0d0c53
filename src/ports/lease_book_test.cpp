#include "ports/lease_book.hpp"

#include <gtest/gtest.h>

namespace frpx::ports {
namespace {

using namespace std::chrono_literals;

const wall_time t0{1'700'000'000s};

std::shared_ptr<rules> by(const char* text) {
  std::string problem;
  auto made = std::make_shared<rules>();
  made->allowed = ranges::parse(text, problem).value();
  return made;
}

wish of(const char* proxy, std::uint32_t port = 0, transport over = transport::tcp) {
  return {.proxy = proxy, .over = over, .user = "u", .port = port};
}

// Gives and enters, as a round does; 0 when refused.
std::uint16_t give(lease_book& book, const wish& asked, error_code* why = nullptr) {
  if (const lease* const known = book.find_for(asked)) return known->port;
  auto made = book.allocate(asked, t0);
  if (!made) {
    if (why != nullptr) *why = made.error();
    return 0;
  }
  book.put(*made);
  return made->port;
}

TEST(lease_book, gives_ports_upwards_in_the_written_order) {
  lease_book book(by("8000-8001,6000,7000"));
  EXPECT_EQ(give(book, of("a")), 8000);
  EXPECT_EQ(give(book, of("b")), 8001);
  EXPECT_EQ(give(book, of("c")), 6000);
  EXPECT_EQ(give(book, of("d")), 7000);
  error_code why;
  EXPECT_EQ(give(book, of("e"), &why), 0);
  EXPECT_EQ(why, errc::no_free_port);
  EXPECT_EQ(book.free_ports(), 0u);
  EXPECT_EQ(give(book, of("c")), 6000);
}

TEST(lease_book, a_user_gets_no_more_than_is_allowed) {
  const auto rule = by("6000-6009");
  rule->most_per_user = 2;
  rule->share_tcp_udp = true;
  lease_book book(rule);
  const auto wish_of = [](const char* user, const char* proxy) {
    return wish{.proxy = proxy, .user = user};
  };
  EXPECT_EQ(give(book, wish_of("u", "a")), 6000);
  EXPECT_EQ(give(book, wish_of("u", "b")), 6001);
  error_code why;
  EXPECT_EQ(give(book, wish_of("u", "c"), &why), 0);
  EXPECT_EQ(why, errc::too_many_leases);
  EXPECT_EQ(give(book, wish_of("v", "d")), 6002) << "another user";
  EXPECT_EQ(give(book, wish_of("u", "a")), 6000) << "what it has stays";
  wish other_way = wish_of("u", "a");
  other_way.over = transport::udp;
  EXPECT_EQ(give(book, other_way), 6000) << "a change is no further lease";
  EXPECT_EQ(book.held_by("u"), 2U);
  book.erase("b");
  EXPECT_EQ(book.held_by("u"), 1U);
  EXPECT_EQ(give(book, wish_of("u", "c")), 6000) << "tcp and udp may share a number";
  wish more = wish_of("u", "e");
  more.most = 3;
  EXPECT_EQ(give(book, more), 6001) << "its own bound goes before the usual one";
  more.proxy = "f";
  EXPECT_EQ(give(book, more, &why), 0);
  more.most = 0;
  EXPECT_EQ(give(book, more), 6003) << "any number";
  more.proxy = "g";
  more.most = 1;
  EXPECT_EQ(give(book, more, &why), 0);
  book.clear();
  EXPECT_EQ(book.held_by("u"), 0U);
}

TEST(lease_book, a_wish_within_ranges_gets_a_port_of_both) {
  lease_book book(by("6000-6002,7000"));
  std::string problem;
  const auto within = [&](const char* proxy, const char* text, std::uint32_t port = 0) {
    wish asked = of(proxy, port);
    asked.within = ranges::parse(text, problem);
    return asked;
  };
  EXPECT_EQ(give(book, within("a", "6001-7500")), 6001);
  EXPECT_EQ(give(book, of("b")), 6000) << "who may have any is not held up";
  EXPECT_EQ(give(book, within("c", "6001-7500", 7000)), 7000);
  EXPECT_EQ(give(book, within("d", "6001-7500", 6000)), 6002) << "a wish outside of them";
  error_code why;
  EXPECT_EQ(give(book, within("e", "8000-9000"), &why), 0);
  EXPECT_EQ(why, errc::no_free_port);
  wish none = of("f");
  none.within = ranges();
  EXPECT_EQ(give(book, none), 0);
}

TEST(lease_book, a_known_proxy_keeps_its_port_whatever_it_wishes) {
  lease_book book(by("6000-6010"));
  EXPECT_EQ(give(book, of("a")), 6000);
  for (const std::uint32_t wished : {6005u, 1u, 70000u})
    EXPECT_EQ(give(book, of("a", wished)), 6000);
}

TEST(lease_book, a_wish_is_met_when_it_can_be) {
  const struct {
    std::uint32_t wished;
    std::uint16_t given;
    std::uint16_t given_strictly;
  } cases[] = {
      {6005, 6005, 6005},  // free
      {6001, 6000, 0},     // another's
      {5999, 6000, 0},     // outside
      {65536, 6000, 0},    // no port
      {0, 6000, 6000},     // no wish
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const bool strict : {false, true}) {
    for (const auto& each : cases) {
      auto how = by("6000-6010");
      how->strict = strict;
      lease_book book(how);
      ASSERT_EQ(give(book, of("other", 6001)), 6001);
      error_code why;
      EXPECT_EQ(give(book, of("a", each.wished), &why), strict ? each.given_strictly : each.given)
          << each.wished << (strict ? " strictly" : "");
      if (strict && each.given_strictly == 0) EXPECT_EQ(why, errc::wish_not_met);
    }
  }
}

TEST(lease_book, a_freed_port_is_given_again_and_the_first_free_one_first) {
  lease_book book(by("6000-6003"));
  for (const char* proxy : {"a", "b", "c", "d"}) give(book, of(proxy));
  book.erase("c");
  book.erase("b");
  EXPECT_EQ(book.free_ports(), 2u);
  EXPECT_EQ(give(book, of("e")), 6001);
  EXPECT_EQ(give(book, of("f")), 6002);
  book.erase("nobody");
  EXPECT_EQ(book.size(), 4u);
}

TEST(lease_book, one_number_for_both_transports_unless_shared) {
  lease_book apart(by("6000-6003"));
  EXPECT_EQ(give(apart, of("a")), 6000);
  EXPECT_EQ(give(apart, of("b", 6000, transport::udp)), 6001);

  auto how = by("6000-6001");
  how->share_tcp_udp = true;
  lease_book shared(how);
  EXPECT_EQ(give(shared, of("t1")), 6000);
  EXPECT_EQ(give(shared, of("u1", 0, transport::udp)), 6000);
  EXPECT_EQ(shared.free_ports(), 1u);
  EXPECT_EQ(give(shared, of("u2", 0, transport::udp)), 6001);
  EXPECT_EQ(give(shared, of("u3", 0, transport::udp)), 0);
  EXPECT_EQ(give(shared, of("t2")), 6001);
  shared.erase("u1");
  EXPECT_EQ(give(shared, of("u3", 0, transport::udp)), 6000);
  EXPECT_EQ(give(shared, of("t3")), 0);
}

TEST(lease_book, who_never_asked_holds_both_transports) {
  auto how = by("6000-6001");
  how->share_tcp_udp = true;
  lease_book book(how);
  book.put({.proxy = "imported", .port = 6000, .state = use::unknown});
  EXPECT_EQ(give(book, of("u", 0, transport::udp)), 6001);
  // It asks: then its transport is known.
  EXPECT_EQ(give(book, of("imported", 0, transport::udp)), 6000);
  EXPECT_EQ(book.find("imported")->over, transport::udp);
  book.note_use("imported", "", use::open, t0);
  // Once it is used, the other transport's number is free.
  book.put({.proxy = "second", .port = 6001, .over = transport::tcp, .state = use::unknown});
  book.erase("u");
  EXPECT_EQ(give(book, of("t")), 6000);
  EXPECT_EQ(give(book, of("v", 0, transport::udp)), 0);
  book.note_use("second", "", use::open, t0);
  EXPECT_EQ(give(book, of("v", 0, transport::udp)), 6001);
}

TEST(lease_book, another_transport_keeps_the_number_if_it_is_free_for_it) {
  auto how = by("6000-6002");
  how->share_tcp_udp = true;
  lease_book book(how);
  EXPECT_EQ(give(book, of("a")), 6000);
  EXPECT_EQ(give(book, of("a", 0, transport::udp)), 6000);
  EXPECT_EQ(give(book, of("b")), 6000);                     // tcp is free now
  EXPECT_EQ(give(book, of("b", 0, transport::udp)), 6001);  // a holds 6000 over udp
  EXPECT_EQ(book.size(), 2u);
  EXPECT_EQ(give(book, of("c")), 6000);
}

TEST(lease_book, members_of_one_users_group_share_a_lease) {
  lease_book book(by("6000-6005"));
  const auto member = [](const char* proxy, const char* user, const char* group) {
    return wish{.proxy = proxy, .user = user, .group = group};
  };
  EXPECT_EQ(give(book, member("u.a", "u", "g")), 6000);
  EXPECT_EQ(give(book, member("u.b", "u", "g")), 6000);
  EXPECT_EQ(give(book, member("u.c", "u", "h")), 6001);
  EXPECT_EQ(give(book, member("v.a", "v", "g")), 6002);
  EXPECT_EQ(give(book, member("u.d", "u", "")), 6003);
  EXPECT_EQ(book.size(), 4u);
  // One that has a lease joins a group that has one: the group's counts, and its own is kept.
  EXPECT_EQ(give(book, member("u.d", "u", "g")), 6000);
  EXPECT_EQ(give(book, member("u.d", "u", "")), 6003);
  // One that has a lease joins a group that has none: it brings its own in.
  EXPECT_EQ(give(book, member("u.d", "u", "new")), 6003);
  EXPECT_EQ(give(book, member("u.e", "u", "new")), 6003);
  // The group ends with its lease.
  book.erase("u.a");
  EXPECT_EQ(give(book, member("u.b", "u", "g")), 6000);
  EXPECT_NE(book.find("u.b"), nullptr);
}

TEST(lease_book, texts_do_not_run_into_each_other) {
  lease_book book(by("6000-6005"));
  EXPECT_EQ(give(book, {.proxy = "p1", .user = "a", .group = "bc"}), 6000);
  EXPECT_EQ(give(book, {.proxy = "p2", .user = "ab", .group = "c"}), 6001);
}

TEST(lease_book, ports_held_by_something_else_are_skipped_at_first_only) {
  auto how = by("6000-6003");
  std::uint16_t taken = 6000;
  how->is_taken = [&taken](std::uint16_t port, transport) { return port == taken; };
  lease_book book(how);
  EXPECT_EQ(give(book, of("a")), 6001);
  EXPECT_EQ(give(book, of("b", 6000)), 6002);
  taken = 6001;
  EXPECT_EQ(give(book, of("a")), 6001);  // known
  EXPECT_EQ(give(book, of("c")), 6000);  // not forgotten
}

TEST(lease_book, smaller_ranges_keep_old_leases) {
  lease_book book(by("6000-6001"));
  book.put({.proxy = "old", .port = 7000, .state = use::open});
  book.put({.proxy = "in", .port = 6000, .state = use::open});
  EXPECT_EQ(book.outside(), 1u);
  EXPECT_EQ(give(book, of("old")), 7000);
  EXPECT_EQ(give(book, of("new", 7000)), 6001);
  book.erase("old");
  EXPECT_EQ(book.outside(), 0u);
}

TEST(lease_book, judges_what_operators_wish) {
  lease_book book(by("6000-6005"));
  give(book, of("a"));
  give(book, of("b"));
  book.put({.proxy = "old", .port = 7000, .state = use::open});
  EXPECT_TRUE(book.may_hold("a", 6000, transport::tcp));
  EXPECT_TRUE(book.may_hold("a", 6005, transport::tcp));
  EXPECT_TRUE(book.may_hold("new", 6005, transport::udp));
  EXPECT_TRUE(book.may_hold("old", 7000, transport::tcp));
  EXPECT_EQ(book.may_hold("a", 6001, transport::tcp).error(), errc::held_by_another);
  EXPECT_EQ(book.may_hold("a", 6001, transport::udp).error(), errc::held_by_another);
  EXPECT_EQ(book.may_hold("a", 7000, transport::tcp).error(), errc::outside_ranges);
  EXPECT_EQ(book.may_hold("a", 0, transport::tcp).error(), errc::outside_ranges);
  EXPECT_EQ(book.may_hold("", 6005, transport::tcp).error(), errc::bad_name);
}

TEST(lease_book, names_are_bounded) {
  lease_book book(by("6000-6005"));
  EXPECT_EQ(give(book, of(std::string(256, 'x').c_str())), 6000);
  for (const std::string& name : {std::string(257, 'x'), std::string(), std::string("a\nb")}) {
    error_code why;
    EXPECT_EQ(give(book, of(name.c_str()), &why), 0);
    EXPECT_EQ(why, errc::bad_name);
  }
}

TEST(lease_book, finds_the_leases_of_a_run) {
  lease_book book(by("6000-6005"));
  for (const char* proxy : {"a", "b", "c"}) {
    wish asked = of(proxy);
    asked.run_id = *proxy == 'c' ? "r2" : "r1";
    give(book, asked);
  }
  const auto of_run = [&](const char* run) {
    std::string names;
    book.each_of_run(run, [&](const std::string& name) { names += name; });
    std::sort(names.begin(), names.end());
    return names;
  };
  EXPECT_EQ(of_run("r1"), "ab");
  EXPECT_TRUE(book.note_use("a", "r2", use::open, t0 + 5s));
  EXPECT_EQ(of_run("r1"), "b");
  EXPECT_EQ(of_run("r2"), "ac");
  EXPECT_EQ(book.find("a")->used, t0 + 5s);
  book.note_use("a", "r2", use::pinged, t0);
  EXPECT_EQ(book.find("a")->used, t0 + 5s);  // never backwards
  book.erase("c");
  EXPECT_EQ(of_run("r2"), "a");
  EXPECT_FALSE(book.note_use("nobody", "r1", use::open, t0));
  book.note_use("a", "", use::closed, t0 + 6s);
  EXPECT_EQ(of_run("r2"), "");
}

TEST(lease_book, sixty_thousand_leases_take_the_next_port_as_fast_as_ten) {
  lease_book book(by("1024-65535"));
  std::uint16_t last = 0;
  for (std::uint32_t i = 0; i < 64512; ++i) {
    wish asked = of(("p" + std::to_string(i)).c_str());
    asked.run_id = "one client's";
    last = give(book, asked);
    ASSERT_EQ(last, 1024 + i);
  }
  EXPECT_EQ(last, 65535);
  EXPECT_EQ(give(book, of("one more")), 0);
  EXPECT_EQ(book.size(), 64512u);
  std::vector<lease> all;
  book.each([&](const lease& row) { all.push_back(row); });
  for (const lease& row : all) book.put(row);
  for (const lease& row : all) book.erase(row.proxy);
  EXPECT_EQ(book.free_ports(), 64512u);
}

TEST(expiry, frees_what_is_old_and_not_in_use) {
  const wall_time cutoff = t0;
  const struct {
    use state;
    std::chrono::seconds used;
    const char* group;
    bool closes_are_told;
    bool freed;
  } cases[] = {
      {use::closed, -1s, "", true, true},   {use::closed, 0s, "", true, false},
      {use::open, -1s, "", false, true},    {use::open, -1s, "", true, false},
      {use::pinged, -1s, "", true, true},   {use::pinged, 1s, "", true, false},
      {use::unknown, -1s, "", false, true}, {use::unknown, -1s, "", true, true},
      {use::closed, -1s, "g", true, false},
  };
  ASSERT_GT(std::size(cases), 0u);
  for (const auto& each : cases) {
    const lease row{.proxy = "a",
                    .port = 1,
                    .group = each.group,
                    .state = each.state,
                    .used = cutoff + each.used};
    EXPECT_EQ(is_expired(row, cutoff, each.closes_are_told), each.freed)
        << static_cast<int>(each.state) << " " << each.used.count() << each.group;
  }
}

}  // namespace
}  // namespace frpx::ports
