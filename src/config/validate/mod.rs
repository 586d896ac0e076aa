//! The rules of the config, which turn it into the model.
//!
//! A validator reports each problem and continues with a default, so that one run finds everything. If there was an
//! error, the caller of [`project()`] drops the result.

mod apt;
mod arguments;
mod builders;
mod cache;
mod container;
mod contexts;
mod copies;
mod credentials;
mod destinations;
mod environment;
mod hook_variables;
mod hooks;
mod host_ports;
mod image;
mod image_name;
mod installer_options;
mod literal;
mod mount;
mod password_hash;
mod paths;
pub(super) mod port;
mod ports;
mod project;
mod project_path;
mod proxy;
mod script;
mod script_word;
mod secrets;
mod services;
mod snapshot;
mod ssh;
mod stage;
mod stage_graph;
mod stage_images;
mod stage_kind;
mod system;
mod tracked;
mod user;
mod volumes;
mod weak_password;

pub(super) use project::project;
pub(super) use proxy::FOREIGN_IN_ADDRESS;
pub(super) use tracked::secrets_of_users;
