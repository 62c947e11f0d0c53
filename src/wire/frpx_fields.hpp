// What each command of the frpx dialect is called, and its fields: said once, for reading and for
// writing. Included by the codec alone.
#pragma once

#include <concepts>
#include <string_view>
#include <type_traits>

#include "wire/frpx_command.hpp"

namespace frpx::wire {

template <class T>
using tag = std::type_identity<T>;

constexpr std::string_view name_on_wire(tag<login>) {
  return "Login";
}
constexpr std::string_view name_on_wire(tag<login_by_token>) {
  return "LoginByToken";
}
constexpr std::string_view name_on_wire(tag<login_result>) {
  return "LoginResult";
}
constexpr std::string_view name_on_wire(tag<register_client>) {
  return "Register";
}
constexpr std::string_view name_on_wire(tag<register_result>) {
  return "RegisterResult";
}
constexpr std::string_view name_on_wire(tag<request_new_proxy_conn>) {
  return "RequestNewProxyConn";
}
constexpr std::string_view name_on_wire(tag<new_proxy_conn>) {
  return "NewProxyConn";
}
constexpr std::string_view name_on_wire(tag<heartbeat>) {
  return "Heartbeat";
}
constexpr std::string_view name_on_wire(tag<system_info>) {
  return "SystemInfo";
}
constexpr std::string_view name_on_wire(tag<open_links>) {
  return "OpenLinks";
}
constexpr std::string_view name_on_wire(tag<new_link>) {
  return "NewLink";
}
constexpr std::string_view name_on_wire(tag<link_failed>) {
  return "LinkFailed";
}
constexpr std::string_view name_on_wire(tag<drain>) {
  return "Drain";
}
constexpr std::string_view name_on_wire(tag<heartbeat_ack>) {
  return "HeartbeatAck";
}
constexpr std::string_view name_on_wire(tag<register_service>) {
  return "RegisterService";
}
constexpr std::string_view name_on_wire(tag<register_service_result>) {
  return "RegisterServiceResult";
}
constexpr std::string_view name_on_wire(tag<cancel_service>) {
  return "CancelService";
}
constexpr std::string_view name_on_wire(tag<cancel_service_result>) {
  return "CancelServiceResult";
}
constexpr std::string_view name_on_wire(tag<service_ended>) {
  return "ServiceEnded";
}
constexpr std::string_view name_on_wire(tag<ask_free_ports>) {
  return "AskFreePorts";
}
constexpr std::string_view name_on_wire(tag<free_ports>) {
  return "FreePorts";
}
constexpr std::string_view name_on_wire(tag<ask_services>) {
  return "AskServices";
}
constexpr std::string_view name_on_wire(tag<services>) {
  return "Services";
}
constexpr std::string_view name_on_wire(tag<request_service_conn>) {
  return "RequestServiceConn";
}

// `f(name, member)` for a field that must be there, `f.maybe(name, member)` for one that need not,
// `f.nullable` for one that is written as null, `f.unless` for one that is left out when it is
// usual.

template <class F, class C>
void fields_of(tag<login>, F& f, C& c) {
  f("email", c.email);
  f("pass", c.pass);
  f.maybe("caps", c.caps);
  f.maybe("instance", c.instance);
}

template <class F, class C>
void fields_of(tag<login_by_token>, F& f, C& c) {
  f("token", c.token);
  f.maybe("caps", c.caps);
  f.maybe("instance", c.instance);
}

template <class F, class C>
void fields_of(tag<login_result>, F& f, C& c) {
  f("success", c.success);
  f.nullable("error", c.error);
  f.nullable("token", c.token);
  f.maybe("caps", c.caps);
}

template <class F, class C>
void fields_of(tag<register_client>, F& f, C& c) {
  f("client_id", c.client_id);
  f.unless("serves_http", c.serves_http, true);
  f.maybe("weight", c.weight);
  f.maybe("max_inflight", c.max_inflight);
}

template <class F, class C>
void fields_of(tag<register_result>, F& f, C& c) {
  f("success", c.success);
  f.nullable("error", c.error);
}

template <class F, class C>
void fields_of(tag<request_new_proxy_conn>, F& f, C& c) {
  f("proxy_conn_id", c.proxy_conn_id);
}

template <class F, class C>
void fields_of(tag<new_proxy_conn>, F& f, C& c) {
  f("proxy_conn_id", c.proxy_conn_id);
}

template <class F, class C>
void fields_of(tag<heartbeat>, F& f, C& c) {
  f.nullable("models", c.models);
  f.maybe("loaded", c.loaded);
  f.maybe("healthy", c.healthy);
  f.maybe("host", c.host);
  f.unless("left_out", c.left_out, 0U);
}

template <class F, class C>
void fields_of(tag<model>, F& f, C& c) {
  f("id", c.id);
  f.nullable("object", c.object);
  f.nullable("created", c.created);
  f.nullable("owned_by", c.owned_by);
  f.maybe("size", c.size);
  f.maybe("digest", c.digest);
  f.maybe("format", c.format);
  f.maybe("family", c.family);
  f.maybe("parameter_size", c.parameter_size);
  f.maybe("quantization_level", c.quantization_level);
}

template <class F, class C>
void fields_of(tag<system_info>, F& f, C& c) {
  f.nullable("cpu_usage", c.cpu_usage);  // serde writes NaN as null
  f.nullable("memory_usage", c.memory_usage);
  f.nullable("disk_usage", c.disk_usage);
  f.nullable("computer_name", c.computer_name);
}

template <class F, class C>
void fields_of(tag<open_links>, F& f, C& c) {
  f("ids", c.ids);
}

template <class F, class C>
void fields_of(tag<new_link>, F& f, C& c) {
  f("link_id", c.link_id);
  f("streams", c.streams);
  f("early", c.early);
  f.unless("associations", c.associations, 0U);
}

template <class F, class C>
void fields_of(tag<link_failed>, F& f, C& c) {
  f("link_id", c.link_id);
  f("error", c.error);
}

template <class F, class C>
void fields_of(tag<drain>, F&, C&) {}

template <class F, class C>
void fields_of(tag<heartbeat_ack>, F&, C&) {}

template <class F, class C>
void fields_of(tag<named_text>, F& f, C& c) {
  f("name", c.name);
  f("value", c.value);
}

template <class F, class C>
void fields_of(tag<register_service>, F& f, C& c) {
  const register_service usual;
  f("name", c.name);
  f("kind", c.kind);
  f("outer_port", c.outer_port);
  f.unless("max_serve_time", c.max_serve_time, usual.max_serve_time);
  f.unless("max_serve_conn", c.max_serve_conn, usual.max_serve_conn);
  f.unless("max_serve_count", c.max_serve_count, usual.max_serve_count);
  f.unless("weight", c.weight, usual.weight);
  f.maybe("group", c.group);
  f.maybe("metadata", c.metadata);
  f.maybe("allow", c.allow);
  f.maybe("deny", c.deny);
  f.unless("bandwidth", c.bandwidth, usual.bandwidth);
  f.unless("proxy_protocol", c.proxy, usual.proxy);
  f.maybe("message", c.message);
  f.maybe("inner_address", c.inner_address);
}

template <class F, class C>
void fields_of(tag<register_service_result>, F& f, C& c) {
  f("name", c.name);
  f("success", c.success);
  f.nullable("error", c.error);
  f("outer_port", c.outer_port);
}

template <class F, class C>
void fields_of(tag<cancel_service>, F& f, C& c) {
  f("name", c.name);
}

template <class F, class C>
void fields_of(tag<cancel_service_result>, F& f, C& c) {
  f("name", c.name);
  f("success", c.success);
}

template <class F, class C>
void fields_of(tag<service_ended>, F& f, C& c) {
  f("name", c.name);
  f("reason", c.reason);
}

template <class F, class C>
void fields_of(tag<ask_free_ports>, F& f, C& c) {
  f("kind", c.kind);
}

template <class F, class C>
void fields_of(tag<port_range>, F& f, C& c) {
  f("first", c.first);
  f("last", c.last);
}

template <class F, class C>
void fields_of(tag<free_ports>, F& f, C& c) {
  f("ranges", c.ranges);
}

template <class F, class C>
void fields_of(tag<ask_services>, F& f, C& c) {
  f("prefix", c.prefix);
}

template <class F, class C>
void fields_of(tag<service_info>, F& f, C& c) {
  f("name", c.name);
  f("kind", c.kind);
  f("port", c.port);
  f.maybe("message", c.message);
  f("birth", c.birth);
  f("deadline", c.deadline);
  f("online", c.online);
  f("capacity", c.capacity);
  f("already_serve", c.already_serve);
  f("total_serve", c.total_serve);
}

template <class F, class C>
void fields_of(tag<services>, F& f, C& c) {
  f("services", c.list);
}

template <class F, class C>
void fields_of(tag<request_service_conn>, F& f, C& c) {
  f("proxy_conn_id", c.proxy_conn_id);
  f("service", c.service);
  f("kind", c.kind);
  f("visitor", c.visitor);
}

/// What is an object inside of a command.
template <class T>
concept record = std::same_as<T, model> || std::same_as<T, named_text> ||
                 std::same_as<T, port_range> || std::same_as<T, service_info>;

}  // namespace frpx::wire
