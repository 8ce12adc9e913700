//! Addresses of the internet.
//!
//! Source: core 1.95 `net/{ip_addr,socket_addr}.rs`: `struct Ipv4Addr { octets }`, `struct Ipv6Addr {
//! octets }`, `struct SocketAddrV4 { ip, port }`, `struct SocketAddrV6 { ip, port, flowinfo, scope_id }`.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

use super::Known;
use crate::value::Place;
use crate::value::render::Renderer;

pub(super) const TYPES: &[Known] = &[
    ("core::net::ip_addr::IpAddr", either),
    ("core::net::ip_addr::Ipv4Addr", four),
    ("core::net::ip_addr::Ipv6Addr", six),
    ("core::net::socket_addr::SocketAddr", either),
    ("core::net::socket_addr::SocketAddrV4", socket_four),
    ("core::net::socket_addr::SocketAddrV6", socket_six),
];

fn either(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    renderer.value(&place.active_variant()?.1.field("__0")?);
    Some(())
}

fn four(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    renderer.push(&ip_four(place)?.to_string());
    Some(())
}

fn six(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    renderer.push(&ip_six(place)?.to_string());
    Some(())
}

fn socket_four(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let ip = ip_four(&place.field("ip")?)?;
    renderer.push(&SocketAddrV4::new(ip, port(place)?).to_string());
    Some(())
}

fn socket_six(renderer: &mut Renderer<'_>, place: &Place<'_>) -> Option<()> {
    let number = |name: &str| u32::try_from(place.field(name)?.unsigned()?).ok();
    let ip = ip_six(&place.field("ip")?)?;
    let socket = SocketAddrV6::new(ip, port(place)?, number("flowinfo")?, number("scope_id")?);
    renderer.push(&socket.to_string());
    Some(())
}

fn ip_four(place: &Place<'_>) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    place.program.read(place.field("octets")?.address, &mut octets).ok()?;
    Some(Ipv4Addr::from(octets))
}

fn ip_six(place: &Place<'_>) -> Option<Ipv6Addr> {
    let mut octets = [0; 16];
    place.program.read(place.field("octets")?.address, &mut octets).ok()?;
    Some(Ipv6Addr::from(octets))
}

fn port(place: &Place<'_>) -> Option<u16> {
    u16::try_from(place.field("port")?.unsigned()?).ok()
}
