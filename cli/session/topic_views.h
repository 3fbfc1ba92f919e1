// What `braid serve` keeps: views of the products of a project that go to topics, and of products of other projects
// that its products read from topics.
#pragma once

#include <vector>

#include "cli/session/session.h"
#include "runtime/view/view_layout.h"
#include "serve/rest/api.h"

namespace braid::cli {

/// As runtime/replica/replica.h takes them.
struct TopicViews {
  Program program;
  std::vector<ViewSpec> specs;
  std::vector<bool> timed;
  std::vector<serve::ApiProduct> products;  ///< of each spec
};

/// Of a bound program: the products that the environment names, or all of the project's if it names none. What cannot
/// be served is reported (7348, 8076).
TopicViews bind_topic_views(Session& session, const Program& program);

/// Where `braid serve` has its store, if nobody says another place.
std::string serve_store(const Environment& environment);

}  // namespace braid::cli
