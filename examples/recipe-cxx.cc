/* SPDX-License-Identifier: MIT */
/* Threads of a C++ program, and a map that is changed under them. */
#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <rdv/rdv.hpp>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

static std::map<std::string, int> servers{{"a", 1}, {"b", 2}};
static bool stopping;

static void work(rdv::domain &domain, std::atomic<int> &found)
{
	rdv::thread self(domain, "worker");

	while (!stopping) {
		for (const auto &server : servers)
			found += server.second > 0;
		rdv::harmless asleep(self);
		std::this_thread::sleep_for(100us);
	}
}

/* False: the others have not come to a harmless point in this time. */
static bool erase(rdv::thread &self, const std::string &name)
{
	rdv::isolation alone(self, 10s);

	if (!alone)
		return false;
	servers.erase(name);
	return true;
}

int main()
{
	rdv::domain domain("cxx");
	rdv::thread self(domain, "main");
	std::vector<std::thread> crew;
	std::atomic<int> found{0};

	for (int i = 0; i < 3; i++)
		crew.emplace_back([&] { work(domain, found); });
	bool erased = erase(self, "a");
	while (!found) {
		rdv::harmless asleep(self);
		std::this_thread::sleep_for(1ms);
	}
	{
		rdv::isolation alone(self);
		stopping = true;
	}
	{
		rdv::harmless waiting(self);
		for (auto &one : crew)
			one.join();
	}
	std::printf("%zu server left\n", servers.size());
	return !erased || servers.size() != 1;
}
