// The topics of a job: which names of the project an environment binds to them, and with what.
#pragma once

#include <map>
#include <string>

#include "cli/project/project.h"
#include "compiler/typed/project.h"
#include "runtime/connect/broker_settings.h"
#include "runtime/connect/topic_binding.h"
#include "runtime/report/diagnostic.h"

namespace braid::cli {

/// Reports bindings of unknown names, and keys that do not fit what they bind. `partial`: not all of the project is
/// known.
void check_bindings(const typed::Project& project, const Environment& environment, bool partial, Reporter& reporter);
/// Reports a source whose topic cannot be read as it is bound.
void check_topic_source(const SourceSpec& source, const Environment& environment, Reporter& reporter);
/// The products that write topics, by index: all that no file is named for, if the environment has brokers. The sources
/// are bound before.
std::map<int, TopicBinding> bind_topics(const Program& program, const typed::Project& project,
                                        const Environment& environment, Reporter& reporter);

/// Which guarantee holds for its results and why, in one sentence for people. It is bound, and reads or writes topics.
std::string guarantee_text(const Program& program, const std::map<int, TopicBinding>& outputs, Delivery delivery);

/// What the program reads from topics and writes to topics, a line each, for people. It is bound.
std::string topics_text(const Program& program, const std::map<int, TopicBinding>& outputs,
                        const Environment& environment);

}  // namespace braid::cli
