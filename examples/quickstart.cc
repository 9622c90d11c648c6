// SPDX-License-Identifier: MIT
#include <future>
#include <rdv/rdv.hpp>
int main()
{
	std::string config = "old"; // all threads use it, and there is no lock
	rdv::domain domain;
	auto admin = std::async(std::launch::async, [&] {
		rdv::thread self(domain);
		rdv::isolation alone(self); // until its end no other thread uses config
		config = "new";
	});
	for (rdv::thread self(domain); config != "new";)
		rdv_poll(self, NULL, 0, 1); // as servers do: asleep, and so harmless
	std::puts("config is new");
}
