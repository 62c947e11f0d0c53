// The C interface: the classes under other names. No exception leaves it.
#include <frpx/frpx.h>
#include <frpx/frpx.hpp>

#include <algorithm>
#include <memory>
#include <new>
#include <stdexcept>

struct frpx_server {
  frpx::tunnel_server of;
};

struct frpx_client {
  frpx::tunnel_client of;
};

struct frpx_entry {
  frpx::register_entry of;
};

// A hook's context, and the texts that were handed out during its call.
struct frpx_context {
  frpx::hook_context& of;
  frpx::service_info service;
  std::string text[4];
};

namespace {

using frpx::errc;

std::string text_or_empty(const char* text) {
  return text == nullptr ? std::string() : std::string(text);
}

int code_of(errc kind) {
  return static_cast<int>(kind);
}

template <class T>
int code_of(const frpx::result<T>& from) {
  return code_of(from.error().code());
}

// What memory or a thread's lack of it throws becomes a code.
template <class F>
int guarded(F f) {
  try {
    return f();
  } catch (...) {
    return code_of(errc::server_error);
  }
}

template <class F>
auto guarded_pointer(F f) -> decltype(f()) {
  try {
    return f();
  } catch (...) {
    return nullptr;
  }
}

frpx::logger as_logger(frpx_logger to, void* user) {
  if (to == nullptr) return nullptr;
  return [to, user](frpx::log_level level, std::string_view line) {
    to(static_cast<int>(level), std::string(line).c_str(), user);
  };
}

std::int64_t milliseconds_of(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

frpx_service_info in_c(const frpx::service_info& from) {
  return {from.port,
          from.name.c_str(),
          from.message.c_str(),
          milliseconds_of(from.birth),
          milliseconds_of(from.deadline),
          from.online,
          from.capacity,
          from.already_serve,
          from.total_serve};
}

int give_ports(const frpx::result<std::vector<std::uint16_t>>& from, std::uint16_t* ports,
               std::size_t* count) {
  if (!from) return code_of(from);
  std::copy_n(from->begin(), std::min(*count, from->size()), ports);
  *count = from->size();
  return FRPX_OK;
}

int give_services(const frpx::result<std::vector<frpx::service_info>>& from,
                  frpx_service_callback found, void* user) {
  if (!from) return code_of(from);
  for (const frpx::service_info& each : *from) {
    const frpx_service_info shown = in_c(each);
    found(&shown, user);
  }
  return FRPX_OK;
}

const char* keep_text(frpx_context* context, std::size_t place, std::string text) {
  context->text[place] = std::move(text);
  return context->text[place].c_str();
}

using set_hook = void (frpx::tunnel_server::*)(frpx::hook);

constexpr set_hook setters[] = {
    &frpx::tunnel_server::on_tunnel_created,
    &frpx::tunnel_server::on_tunnel_destroyed,
    &frpx::tunnel_server::on_user_coming,
    &frpx::tunnel_server::on_user_leaving,
    &frpx::tunnel_server::on_forward_user_to_tunnel,
    &frpx::tunnel_server::on_forward_tunnel_to_user,
};

}  // namespace

const char* frpx_explain(int code) {
  return frpx::explain(static_cast<errc>(code));
}

frpx_server* frpx_server_new(const char* token) {
  return guarded_pointer([&] {
    frpx::server_options options;
    options.token = text_or_empty(token);
    return new frpx_server{frpx::tunnel_server({}, std::move(options))};
  });
}

void frpx_server_free(frpx_server* server) {
  delete server;
}

int frpx_server_add_ports(frpx_server* server, uint16_t from, uint16_t to) {
  return guarded(
      [&]() -> int { return server->of.add_ports(from, to) ? FRPX_OK : FRPX_BAD_ARGUMENT; });
}

void frpx_server_set_logger(frpx_server* server, frpx_logger to, void* user) {
  server->of.set_logger(as_logger(to, user));
}

int frpx_server_on(frpx_server* server, int event, frpx_hook call, void* user) {
  if (event < 0 || static_cast<std::size_t>(event) >= std::size(setters)) return FRPX_BAD_ARGUMENT;
  const auto set = setters[event];
  return guarded([&]() -> int {
    if (call == nullptr) {
      (server->of.*set)(nullptr);
      return FRPX_OK;
    }
    (server->of.*set)([call, user](frpx::hook_context& about) {
      frpx_context context{about, {}, {}};
      if (call(&context, user) != 0) throw std::runtime_error("the hook asked for the end");
    });
    return FRPX_OK;
  });
}

int frpx_server_start(frpx_server* server, const char* address) {
  return guarded([&] { return code_of(server->of.start(text_or_empty(address))); });
}

int frpx_server_run(frpx_server* server, const char* address) {
  return guarded([&] { return code_of(server->of.run(text_or_empty(address))); });
}

void frpx_server_stop(frpx_server* server) {
  server->of.stop();
}

uint16_t frpx_server_port(const frpx_server* server) {
  return server->of.port();
}

void frpx_context_service_info(frpx_context* context, frpx_service_info* into) {
  context->service = context->of.service_info();
  *into = in_c(context->service);
}

const char* frpx_context_user_remote_address(frpx_context* context) {
  return keep_text(context, 0, context->of.user_remote_address());
}

const char* frpx_context_user_local_address(frpx_context* context) {
  return keep_text(context, 1, context->of.user_local_address());
}

const char* frpx_context_inner_remote_address(frpx_context* context) {
  return keep_text(context, 2, context->of.inner_remote_address());
}

const char* frpx_context_inner_local_address(frpx_context* context) {
  return keep_text(context, 3, context->of.inner_local_address());
}

uint8_t* frpx_context_data(frpx_context* context, size_t* size) {
  const auto bytes = context->of.data();
  *size = bytes.size();
  return reinterpret_cast<uint8_t*>(bytes.data());
}

int frpx_context_put_value(frpx_context* context, const char* name, void* value) {
  return guarded([&]() -> int {
    context->of.put_value(text_or_empty(name), value);
    return FRPX_OK;
  });
}

void* frpx_context_get_value(frpx_context* context, const char* name) {
  return guarded_pointer([&]() -> void* {
    const std::any found = context->of.get_value(text_or_empty(name));
    void* const* const value = std::any_cast<void*>(&found);
    return value == nullptr ? nullptr : *value;
  });
}

int frpx_context_abort_user(frpx_context* context) {
  return guarded([&] { return code_of(context->of.abort_user()); });
}

int frpx_context_abort_tunnel(frpx_context* context) {
  return guarded([&] { return code_of(context->of.abort_tunnel()); });
}

frpx_client* frpx_client_new(const char* server_address, const char* token, int reconnect) {
  return guarded_pointer([&] {
    frpx::client_options options;
    options.token = text_or_empty(token);
    options.reconnect = reconnect != 0;
    return new frpx_client{frpx::tunnel_client(text_or_empty(server_address), std::move(options))};
  });
}

void frpx_client_free(frpx_client* client) {
  delete client;
}

void frpx_client_set_logger(frpx_client* client, frpx_logger to, void* user) {
  client->of.set_logger(as_logger(to, user));
}

int frpx_client_available_ports(frpx_client* client, uint32_t timeout_ms, uint16_t* ports,
                                size_t* count) {
  return guarded([&] {
    return give_ports(client->of.available_ports(std::chrono::milliseconds(timeout_ms)), ports,
                      count);
  });
}

int frpx_client_any_port(frpx_client* client, uint32_t timeout_ms, uint16_t* port) {
  return guarded([&] {
    const auto found = client->of.any_port(std::chrono::milliseconds(timeout_ms));
    if (found) *port = *found;
    return code_of(found);
  });
}

int frpx_client_active_services(frpx_client* client, const char* prefix, uint32_t timeout_ms,
                                frpx_service_callback found, void* user) {
  return guarded([&] {
    return give_services(
        client->of.active_services(text_or_empty(prefix), std::chrono::milliseconds(timeout_ms)),
        found, user);
  });
}

int frpx_client_register_service(frpx_client* client, const frpx_registration* what,
                                 uint32_t timeout_ms, frpx_entry** entry) {
  return guarded([&] {
    auto made = client->of.register_service(
        {what->outer_port, text_or_empty(what->inner_addr), text_or_empty(what->name),
         text_or_empty(what->message)},
        {what->max_serve_time, what->max_serve_conn, what->max_serve_count},
        std::chrono::milliseconds(timeout_ms));
    if (made) *entry = new frpx_entry{std::move(*made)};
    return code_of(made);
  });
}

frpx_entry* frpx_client_entry_by_name(frpx_client* client, const char* name) {
  return guarded_pointer([&]() -> frpx_entry* {
    auto found = client->of.entry_by_name(text_or_empty(name));
    return found ? new frpx_entry{std::move(*found)} : nullptr;
  });
}

frpx_entry* frpx_client_entry_by_port(frpx_client* client, uint16_t outer_port) {
  return guarded_pointer([&]() -> frpx_entry* {
    auto found = client->of.entry_by_port(outer_port);
    return found ? new frpx_entry{std::move(*found)} : nullptr;
  });
}

void frpx_entry_cancel(frpx_entry* entry) {
  entry->of.cancel();
}

int frpx_entry_wait(frpx_entry* entry, uint32_t timeout_ms) {
  return guarded([&]() -> int {
    if (!entry->of.wait(std::chrono::milliseconds(timeout_ms))) return FRPX_TIMED_OUT;
    return code_of(entry->of.done().get().code());
  });
}

uint16_t frpx_entry_port(const frpx_entry* entry) {
  return entry->of.info().outer_port;
}

void frpx_entry_free(frpx_entry* entry) {
  delete entry;
}

int frpx_ask_free_ports(const char* server_address, uint32_t timeout_ms, uint16_t* ports,
                        size_t* count) {
  return guarded([&] {
    return give_ports(
        frpx::ask_free_ports(text_or_empty(server_address), std::chrono::milliseconds(timeout_ms)),
        ports, count);
  });
}

int frpx_discover_services(const char* server_address, const char* prefix, uint32_t timeout_ms,
                           frpx_service_callback found, void* user) {
  return guarded([&] {
    return give_services(
        frpx::discover_services(text_or_empty(server_address), text_or_empty(prefix),
                                std::chrono::milliseconds(timeout_ms)),
        found, user);
  });
}
