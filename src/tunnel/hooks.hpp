// How a program that embeds the server sees its tunnels.
#pragma once

#include <cstdint>

#include "core/bytes.hpp"

namespace frpx::tunnel {

class tunnel;
class visitor;

/// Which way bytes go.
enum class direction : std::uint8_t { to_service, to_visitor };

/// Called as tunnels and their visitors come and go. A hook that throws ends what it was about: the
/// tunnel, or the visitor.
///
/// What is about a tunnel is called on the home worker, what is about a visitor on the visitor's;
/// so hooks of several visitors run at once. They must not block. A visitor comes after its
/// tunnel was created and leaves before it is destroyed. Lives as long as the workers run.
class hooks {
 public:
  virtual ~hooks() = default;

  /// Whether `on_bytes` is to be called. Asked once for each visitor; if not, the bytes take the
  /// shortest way, without being copied.
  virtual bool sees_bytes() const { return false; }

  virtual void on_tunnel_created(tunnel&) {}
  virtual void on_tunnel_destroyed(tunnel&) {}
  virtual void on_visitor_coming(visitor&) {}
  virtual void on_visitor_leaving(visitor&) {}
  /// Bytes on their way, which may be changed in place. No bytes: that side has ended its sending.
  virtual void on_bytes(visitor&, direction, bytes_span) {}
};

}  // namespace frpx::tunnel
