# A service with an endpoint, made by Terraform in a gateway that runs the quickstart (`make run`):
# see docs/terraform.md.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

locals {
  gateway = "http://127.0.0.1:4600"
}

provider "aws" {
  alias                   = "provider"
  region                  = "us-east-1"
  access_key              = "provider"
  secret_key              = "provider-secret"
  skip_metadata_api_check = true
  endpoints {
    ec2   = local.gateway
    elbv2 = local.gateway
    sts   = local.gateway
  }
}

provider "aws" {
  alias                   = "consumer"
  region                  = "us-east-1"
  access_key              = "consumer"
  secret_key              = "consumer-secret"
  skip_metadata_api_check = true
  endpoints {
    ec2   = local.gateway
    elbv2 = local.gateway
    sts   = local.gateway
  }
}

data "aws_caller_identity" "consumer" {
  provider = aws.consumer
}

data "aws_availability_zones" "all" {
  provider = aws.provider
}

# The provider: a load balancer in two zones, with one of the quickstart's targets behind it.

resource "aws_vpc" "provider" {
  provider   = aws.provider
  cidr_block = "127.70.0.0/16"
}

resource "aws_subnet" "provider" {
  provider          = aws.provider
  count             = 2
  vpc_id            = aws_vpc.provider.id
  cidr_block        = cidrsubnet(aws_vpc.provider.cidr_block, 8, count.index)
  availability_zone = data.aws_availability_zones.all.names[count.index]
}

resource "aws_lb" "front" {
  provider           = aws.provider
  name               = "front"
  internal           = true
  load_balancer_type = "network"
  subnets            = aws_subnet.provider[*].id
}

resource "aws_lb_target_group" "whoami" {
  provider          = aws.provider
  name              = "whoami-by-terraform"
  port              = 8080
  protocol          = "TCP"
  target_type       = "ip"
  vpc_id            = aws_vpc.provider.id
  proxy_protocol_v2 = true
}

resource "aws_lb_target_group_attachment" "whoami" {
  provider          = aws.provider
  target_group_arn  = aws_lb_target_group.whoami.arn
  target_id         = "127.0.1.10"
  availability_zone = "all"
}

resource "aws_lb_listener" "tcp" {
  provider          = aws.provider
  load_balancer_arn = aws_lb.front.arn
  port              = 8443
  protocol          = "TCP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.whoami.arn
  }
}

resource "aws_vpc_endpoint_service" "whoami" {
  provider                   = aws.provider
  acceptance_required        = true
  network_load_balancer_arns = [aws_lb.front.arn]
  allowed_principals         = ["arn:aws:iam::${data.aws_caller_identity.consumer.account_id}:root"]
}

resource "aws_vpc_endpoint_connection_accepter" "consumer" {
  provider                = aws.provider
  vpc_endpoint_service_id = aws_vpc_endpoint_service.whoami.id
  vpc_endpoint_id         = aws_vpc_endpoint.whoami.id
}

# The consumer: an endpoint with an address in each zone.

resource "aws_vpc" "consumer" {
  provider   = aws.consumer
  cidr_block = "127.71.0.0/16"
}

resource "aws_subnet" "consumer" {
  provider          = aws.consumer
  count             = 2
  vpc_id            = aws_vpc.consumer.id
  cidr_block        = cidrsubnet(aws_vpc.consumer.cidr_block, 8, count.index)
  availability_zone = data.aws_availability_zones.all.names[count.index]
}

resource "aws_security_group" "clients" {
  provider = aws.consumer
  name     = "clients"
  vpc_id   = aws_vpc.consumer.id
  ingress {
    from_port   = 8443
    to_port     = 8443
    protocol    = "tcp"
    cidr_blocks = ["127.0.0.0/8"]
  }
}

resource "aws_vpc_endpoint" "whoami" {
  provider           = aws.consumer
  vpc_id             = aws_vpc.consumer.id
  service_name       = aws_vpc_endpoint_service.whoami.service_name
  vpc_endpoint_type  = "Interface"
  subnet_ids         = aws_subnet.consumer[*].id
  security_group_ids = [aws_security_group.clients.id]
}

# Try: dig @127.0.0.1 -p 5300 +short NAME, curl http://ADDRESS:8443/
output "name" {
  value = aws_vpc_endpoint.whoami.dns_entry[0].dns_name
}
