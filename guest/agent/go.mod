module choir/agent

go 1.19
