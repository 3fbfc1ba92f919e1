// The clients of services outside, each in a shared library that is opened when a job first asks such a service.
#pragma once

#include <memory>
#include <string>

#include "runtime/base/clock.h"
#include "runtime/base/web.h"
#include "runtime/copy/sql_session.h"
#include "runtime/lookup/service.h"
#include "runtime/outbox/event_sender.h"
#include "runtime/promise/alert_sender.h"

namespace braid {

using MakeServiceClient = Result<std::unique_ptr<Service>> (*)(const ServiceSpec& spec, Clock& clock);

/// `kind`: "http", "postgres". Once opened a library stays. Error 7122: it is not installed.
Result<MakeServiceClient> load_service_client(const std::string& kind);

using MakeAlertSender = Result<std::unique_ptr<AlertSender>> (*)(const std::string& url, const std::string& ca_file,
                                                                 Clock& clock);
/// Of the library of "http". Error 7122, as above.
Result<MakeAlertSender> load_alert_sender();

using MakeEventSender = Result<std::unique_ptr<EventSender>> (*)(const std::string& url, const std::string& token,
                                                                 const std::string& ca_file, Clock& clock);
/// Of the library of "http". Error 7122, as above.
Result<MakeEventSender> load_event_sender();

using GetDocument = Result<std::string> (*)(const std::string& url);
/// Of the library of "http". Error 7122, as above.
Result<GetDocument> load_get_document();
using PostDocument = Result<std::string> (*)(const std::string& url, const std::string& json);
Result<PostDocument> load_post_document();

using OpenSqlSession = Result<std::unique_ptr<SqlSession>> (*)(const std::string& address);
/// Of the library of "postgres". Error 7122, as above.
Result<OpenSqlSession> load_postgres_session();

using MakeWeb = Result<std::unique_ptr<Web>> (*)(const WebOptions& options);
/// Of the library of "http". Error 7122, as above.
Result<MakeWeb> load_web();

}  // namespace braid
