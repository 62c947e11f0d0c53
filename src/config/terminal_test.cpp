// Against a real pseudo terminal.
#include "config/terminal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <thread>

namespace frpx::config {
namespace {

// A terminal whose other end the test holds. What is typed before the question stands in the
// line discipline, as a fast typist's would; the secret's TCSAFLUSH drops it, so those tests type
// once the prompt shows.
class pseudo_terminal {
 public:
  pseudo_terminal() {
    if (::openpty(&typist_, &program_, nullptr, nullptr, nullptr) != 0) throw std::bad_alloc();
  }
  ~pseudo_terminal() {
    if (typist_ >= 0) ::close(typist_);
  }
  terminal take() { return terminal(program_); }
  void hang_up() { ::close(std::exchange(typist_, -1)); }
  void type(std::string_view text) {
    ASSERT_EQ(::write(typist_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// Reads until `text` has been shown; returns everything.
  std::string shown_until(std::string_view text) {
    std::string all;
    while (all.find(text) == all.npos) {
      char buffer[256];
      const ssize_t got = ::read(typist_, buffer, sizeof buffer);
      if (got <= 0) break;
      all.append(buffer, static_cast<std::size_t>(got));
    }
    return all;
  }
  bool echoes() const {
    termios now{};
    return ::tcgetattr(typist_, &now) == 0 && (now.c_lflag & ECHO) != 0;
  }

 private:
  int typist_ = -1;
  int program_ = -1;
};

TEST(terminal, shows_what_is_typed_but_for_secrets) {
  pseudo_terminal pty;
  terminal asked = pty.take();
  std::thread typist([&] {
    EXPECT_NE(pty.shown_until("E-mail: ").find("E-mail: "), std::string::npos);
    pty.type("me@example.com\n");
    const std::string before = pty.shown_until("Password for me@example.com: ");
    EXPECT_NE(before.find("me@example.com\r\n"), std::string::npos) << before;
    EXPECT_FALSE(pty.echoes());
    pty.type("s3cret\n");
    EXPECT_EQ(pty.shown_until("\n").find("s3cret"), std::string::npos);
  });
  frpc_options options;
  const auto done = complete_credentials(options, asked);
  typist.join();
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(options.email, "me@example.com");
  EXPECT_EQ(options.password.reveal(), "s3cret");
  EXPECT_TRUE(pty.echoes());
}

TEST(terminal, a_new_password_is_asked_twice) {
  for (const bool same : {true, false}) {
    pseudo_terminal pty;
    terminal asked = pty.take();
    std::thread typist([&] {
      pty.shown_until("Password: ");
      pty.type("one\n");
      pty.shown_until("Once more: ");
      pty.type(same ? "one\n" : "two\n");
    });
    const auto password = new_password(asked);
    typist.join();
    if (same) {
      ASSERT_TRUE(password);
      EXPECT_EQ(password->reveal(), "one");
    } else {
      EXPECT_EQ(password.error(), terminal_errc::different);
    }
  }
}

TEST(terminal, an_end_and_an_endless_line_are_errors) {
  {
    pseudo_terminal pty;
    terminal asked = pty.take();
    pty.hang_up();
    EXPECT_EQ(asked.ask("?").error(), terminal_errc::ended);
  }
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // a terminal's own line limit would hide ours
  const std::string longest(1024, 'x');
  const std::string typed = longest + "\n" + longest + "x\n";
  ASSERT_EQ(::write(ends[1], typed.data(), typed.size()), static_cast<ssize_t>(typed.size()));
  terminal asked(ends[0]);
  const auto line = asked.ask("");
  ASSERT_TRUE(line);
  EXPECT_EQ(*line, longest);
  EXPECT_EQ(asked.ask("").error(), terminal_errc::too_long);
  ::close(ends[1]);
}

TEST(credentials, given_ones_need_no_terminal) {
  frpc_options options;
  options.email = "a@b";
  options.password = secret("p");
  EXPECT_TRUE(complete_credentials(options));
  const auto password = new_password(environment{{{"FRPX_PASSWORD", "p"}}, false});
  ASSERT_TRUE(password);
  EXPECT_EQ(password->reveal(), "p");
}

TEST(credentials, without_a_terminal_the_message_says_what_to_pass) {
  const std::string message = make_error_code(terminal_errc::no_terminal).message();
  EXPECT_NE(message.find("--email"), std::string::npos);
  EXPECT_NE(message.find("FRPX_PASSWORD"), std::string::npos);
}

}  // namespace
}  // namespace frpx::config
